"""What of the functional tests this host can run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from calling import started

from tests.running import Server

pytest.register_assert_rewrite("tests.real.kafka_suite", "tests.real.stream_suite", "tests.real.table_suite")
collect_ignore = (
    [] if shutil.which("go") else ["test_functions_go.py", "test_third_party_go.py", "test_deploys_go_sdk.py"]
)


@pytest.fixture(scope="module", params=["namespace", "process"])
def server_of_each_tier(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, shared_server: Server
) -> Iterator[Server]:
    """Both tiers, for what has to work in both."""
    if request.param == "namespace":
        yield shared_server
        return
    with started(tmp_path_factory.mktemp("tier") / "data", "--isolation", "process") as made:
        yield made
