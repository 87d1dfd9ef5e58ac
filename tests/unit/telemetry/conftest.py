"""A Logs and a CloudWatch API over empty stores in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from logs_client import LogsClient
from metrics_client import PROTOCOLS, MetricsClient


@pytest.fixture
def logs() -> Iterator[LogsClient]:
    client = LogsClient()
    yield client
    client.store.close()


@pytest.fixture(params=PROTOCOLS)
def cloudwatch(request: pytest.FixtureRequest) -> MetricsClient:
    """In each of the protocols that it speaks."""
    return MetricsClient(request.param)


@pytest.fixture
def one() -> MetricsClient:
    """Where the protocol makes no difference."""
    return MetricsClient()
