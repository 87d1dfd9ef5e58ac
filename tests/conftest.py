"""Fixtures every kind of test may use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import Server, as_command, start_server

LONG = (
    *(
        "test_bench_smoke.py",
        "test_event_kills.py",
        "test_queue_kills.py",
        "test_stream_kills.py",
        "test_kafka_kills.py",
        "test_large_backlog.py",
        "test_oracle.py",
    ),
    *("test_leftovers.py", "test_start_paths.py", "test_bad_processes.py", "test_examples.py"),
)
"""Files that take longest: begun last, one of them would run alone in the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first."""
    items.sort(key=lambda item: item.path.name not in LONG)


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One running server for every test that only needs functions of its own."""
    directory: Path = tmp_path_factory.mktemp("shared-server")
    server = start_server(directory / "data", launch=as_command)
    yield server
    server.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server that the test may stop, kill and start again."""
    server = start_server(tmp_path / "data")
    yield server
    server.stop()
