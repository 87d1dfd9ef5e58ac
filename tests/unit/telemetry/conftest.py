"""A Logs API over an empty store in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from logs_client import LogsClient


@pytest.fixture
def logs() -> Iterator[LogsClient]:
    client = LogsClient()
    yield client
    client.store.close()
