"""DynamoDB Local as DynamoDB: functions write through the server, and the suite of streams of tables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from calling import started
from shard_calls import TableStreams

from tests.contract.shard_contract import TableStreamContract
from tests.real.servers import ACCOUNT, SECRET, dynamodb_local
from tests.real.table_suite import *  # noqa: F403
from tests.real.writing_suite import *  # noqa: F403
from tests.running import Server


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with dynamodb_local(tmp_path_factory.mktemp("dynamodb-local")) as made:
        yield made


@pytest.fixture(scope="module")
def server(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    env = {
        "LAMBDAD_SERVICES_DYNAMODB_ENDPOINT": url,
        "LAMBDAD_SERVICES_DYNAMODB_CREDENTIALS": f"{ACCOUNT}:{SECRET}",
    }
    with started(tmp_path_factory.mktemp("server") / "data", env=env) as made:
        yield made


@pytest.fixture(scope="module")
def tables(server: Server, url: str) -> TableStreams:
    return TableStreams(server, url)


class TestContract(TableStreamContract):
    pass
