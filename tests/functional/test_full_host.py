"""A host whose memory is full: who was not used longest makes room, and nobody gets an error for it."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from calling import call, started

from tests.running import Server

HANDLER = "def handler(event, context):\n    return event\n"
FUNCTIONS = 12
CEILING_MIB = 64
"""Room for a few environments of Python beside what is set aside for one that comes up."""


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    place = tmp_path_factory.mktemp("full")
    with started(place / "data", "--memory-ceiling-mib", str(CEILING_MIB)) as server:
        yield server


@pytest.fixture(scope="module")
def names(full: Server) -> list[str]:
    return [full.function({"app.py": HANDLER}) for _ in range(FUNCTIONS)]


def status(server: Server) -> dict[str, Any]:
    with urllib.request.urlopen(f"{server.url}/lambdad/v1/status", timeout=20) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def test_the_longest_unused_make_room_for_the_next(full: Server, names: list[str]) -> None:
    for number, name in enumerate(names):
        assert call(full, name, number).body == number
    living = [one["function"] for one in status(full)["environments"]]
    assert 0 < len(living) < FUNCTIONS
    assert sorted(living) == sorted(names[-len(living) :])


def test_one_that_made_room_is_started_again_when_it_is_called(full: Server, names: list[str]) -> None:
    for name in (names[0], names[-1], names[0]):
        assert call(full, name, "again").body == "again"


def test_calls_of_many_functions_at_once_are_all_served_below_the_ceiling(
    full: Server, names: list[str]
) -> None:
    with ThreadPoolExecutor(FUNCTIONS * 3) as callers:
        answers = list(callers.map(lambda number: call(full, names[number % FUNCTIONS], number), range(36)))
    assert [one.body for one in answers] == list(range(36))
    found = status(full)["capacity"]
    assert found["memory_ceiling_bytes"] == CEILING_MIB * 2**20
    assert found["memory_bytes"] <= found["memory_ceiling_bytes"]


def test_a_burst_on_one_function_is_served_by_fewer_environments(tmp_path: Path) -> None:
    with started(tmp_path / "data") as server:
        name = server.function({"app.py": HANDLER})
        with ThreadPoolExecutor(50) as callers:
            answers = list(callers.map(lambda number: call(server, name, number), range(50)))
        assert [one.body for one in answers] == list(range(50))
        assert 0 < status(server)["capacity"]["environments"] < 50
