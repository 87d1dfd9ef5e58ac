"""dynalite as DynamoDB: functions and callers reach it through the server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from calling import started

from tests.real.servers import ACCOUNT, SECRET, dynalite
from tests.real.writing_suite import *  # noqa: F403
from tests.running import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("dynalite")
    with dynalite(folder) as url:
        config = folder / "lambdad.toml"
        config.write_text(f'[services.dynamodb]\nendpoint = "{url}"\ncredentials = "{ACCOUNT}:{SECRET}"\n')
        with started(folder / "data", "--config", str(config)) as made:
            yield made
