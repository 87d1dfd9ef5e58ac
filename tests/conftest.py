"""Fixtures every kind of test may use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import forms
from tests.running import Server, as_command, start_server

# What several tests share tells what it compared, as tests do; whoever imports it first.
pytest.register_assert_rewrite(
    "differential",
    *(
        f"tests.contract.{found.stem}"
        for found in sorted(Path(__file__).parent.glob("contract/*_contract.py"))
    ),
)

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


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--full`: whether tests that are marked `full` run."""
    words = "tests marked `full`: leave them to `make soak` (no), run them too, or only them"
    parser.addoption("--full", choices=("no", "too", "only"), default="no", help=words)


def pytest_configure(config: pytest.Config) -> None:
    """Before any test is read: how many examples hypothesis tries depends on the form."""
    forms.begin(short=config.getoption("--full") == "no")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Those of the form that is asked for, the longest files first.

    Tests of hypothesis are of both forms, with more examples in the long one; its plugin has marked them.
    """
    form = config.getoption("--full")
    parts: dict[bool, list[pytest.Item]] = {True: [], False: []}
    for item in items:
        parts[_is_of(form, item)].append(item)
    if parts[False]:
        config.hook.pytest_deselected(items=parts[False])
    items[:] = sorted(parts[True], key=lambda item: item.path.name not in LONG)


def _is_of(form: str, item: pytest.Item) -> bool:
    is_full = item.get_closest_marker("full") is not None
    if form == "only":
        return is_full or item.get_closest_marker("hypothesis") is not None
    return form == "too" or not is_full


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
