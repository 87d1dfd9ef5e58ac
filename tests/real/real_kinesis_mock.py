"""kinesis-mock as Kinesis, which keeps closed shards: the suite of streams, and what pollers rely on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from calling import started
from shard_calls import KinesisStreams

from tests.contract.shard_contract import KinesisContract
from tests.real.servers import ACCOUNT, SECRET, kinesis_mock
from tests.real.stream_suite import *  # noqa: F403


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with kinesis_mock(tmp_path_factory.mktemp("kinesis-mock")) as made:
        yield made


@pytest.fixture(scope="module")
def streams(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KinesisStreams]:
    env = {
        "LAMBDAD_SERVICES_KINESIS_ENDPOINT": url,
        "LAMBDAD_SERVICES_KINESIS_CREDENTIALS": f"{ACCOUNT}:{SECRET}",
    }
    with started(tmp_path_factory.mktemp("server") / "data", env=env) as server:
        yield KinesisStreams(server, url)


def test_consumers_were_pushed_what_they_got(streams: KinesisStreams):
    function = streams.function()
    streams.mapping(function, streams.consumer(streams.stream()))
    assert "pushes no records" not in streams.server.log


class TestContract(KinesisContract):
    pass
