"""Servers that start environments in one way each, and what they say about it."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from calling import started

from tests.running import Server

OPTIONS = {
    "pool": (),
    "fork": ("--pool-memory-mib", "1"),
    "spawn": ("--no-pools",),
}
"""What makes every cold start of Python take this path; pools must be given the time to fill."""


def serving(path: str, directory: Path) -> Iterator[Server]:
    """A server of one path."""
    with started(directory / f"{path}-data", *OPTIONS[path]) as server:
        yield server


def status(server: Server) -> dict[str, Any]:
    with urllib.request.urlopen(f"{server.url}/lambdad/v1/status", timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def until(true: Callable[[], bool], within_s: float = 20.0) -> None:
    """Return once something is so.

    Raises:
        AssertionError: it never was.
    """
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "it did not come to be so"
        time.sleep(0.02)


def filled(server: Server, kind: str) -> None:
    """Return once as many of a kind wait as shall, where pools are kept."""
    if server.arguments:
        return

    def is_full() -> bool:
        found = status(server)["pools"].get(kind, {"waiting": 0, "wanted": 1})
        return bool(found["waiting"] >= found["wanted"] > 0)

    until(is_full)


def path_of(server: Server, name: str) -> str:
    """How the only environment of a function came to be."""
    (path,) = [one["start_path"] for one in status(server)["environments"] if one["function"] == name]
    return str(path)


def below(pid: int) -> dict[int, str]:
    """The children of a process with their arguments."""
    found = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            found[int(child)] = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
    return found


def launcher_of(server: Server) -> int:
    (found,) = [pid for pid in below(server.process.pid) if below(pid)]
    return found


def fork_servers(server: Server) -> list[int]:
    return [pid for pid, said in below(launcher_of(server)).items() if "fork_server import main" in said]


def blanks(server: Server) -> list[int]:
    """The first processes of the sandboxes that wait."""
    return [pid for pid, said in below(launcher_of(server)).items() if " b-" in said]


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
