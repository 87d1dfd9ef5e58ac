"""That a server comes to rest after whatever was done to it, and leaves nothing when it stops."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from calling import call, started
from traces import left_after

from tests.running import Server

AT_REST = {"idle", "frozen", "bare"}
ECHO = "def handler(event, context):\n    return event\n"


def status(server: Server) -> dict[str, Any]:
    """What the server says of itself."""
    with urllib.request.urlopen(f"{server.url}/lambdad/v1/status", timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def environments(server: Server, name: str | None = None) -> list[tuple[str, str]]:
    """(id, state) of every environment, or of those of one function."""
    return [
        (one["id"], one["state"])
        for one in status(server)["environments"]
        if name is None or one["function"] == name
    ]


def unrest(server: Server, within_s: float = 20.0) -> list[tuple[str, str]]:
    """Environments that are neither at rest nor gone once they have had time for it."""
    deadline = time.monotonic() + within_s
    while True:
        busy = [one for one in environments(server) if one[1] not in AT_REST]
        if not busy or time.monotonic() > deadline:
            return busy
        time.sleep(0.05)


def wait_for_environments(server: Server, name: str, ids: set[str], within_s: float = 20.0) -> set[str]:
    """The ids of a function's environments once they are these, or after the time."""
    deadline = time.monotonic() + within_s
    while (found := {one for one, _ in environments(server, name)}) != ids and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def costs_one_event_at_most(server: Server, name: str, event: Any, fine: Any) -> None:
    """Events whose answer is `fine`, of which one may fail: the process ended between events, or just behind."""
    answers = [call(server, name, event) for _ in range(3)]
    failures = [answer for answer in answers if answer.error is not None]
    assert len(failures) <= 1, failures
    assert {answer.body["errorType"] for answer in failures} <= {"Runtime.ExitError"}
    assert {answer.body for answer in answers if answer.error is None} == {fine}


@contextmanager
def tidy(data_dir: Path, *arguments: str) -> Iterator[Server]:
    """A server of which, in the end, every environment is at rest, and nothing is left when it has stopped."""
    with started(data_dir, *arguments) as server:
        yield server
        assert unrest(server) == []
    assert left_after(data_dir) == []
    assert "Traceback" not in server.log, server.log
