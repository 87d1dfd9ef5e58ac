"""Sandboxes that wait for a function: who gets one, what status says, what a death or a restart changes."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from calling import call, started

from tests.running import Server

HANDLER = "import os\ndef handler(event, context):\n    return os.getpid()\n"


def status(server: Server) -> dict[str, Any]:
    with urllib.request.urlopen(f"{server.url}/lambdad/v1/status", timeout=20) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def all_wait(server: Server, within_s: float = 20.0) -> dict[str, Any]:
    """Wait until as many sandboxes wait as are wanted, and some are; what is said of the pools."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        pools: dict[str, Any] = status(server)["pools"]
        if pools and all(0 < one["wanted"] <= one["waiting"] for one in pools.values()):
            return pools
        time.sleep(0.05)
    raise AssertionError(f"not filled: {status(server)['pools']}\n{server.log}")


def path_of(server: Server, name: str) -> str:
    return str(next(one["start_path"] for one in status(server)["environments"] if one["function"] == name))


def test_the_first_call_of_a_function_takes_a_sandbox_that_waits(own_server: Server) -> None:
    name = own_server.function({"app.py": HANDLER})
    all_wait(own_server)
    assert call(own_server, name).error is None
    assert path_of(own_server, name) == "pool"
    assert status(own_server)["starts"] == {"pool": 1, "fork": 0, "spawn": 0, "restore": 0}


def test_after_a_restart_sandboxes_wait_for_the_functions_there_are(own_server: Server) -> None:
    name = own_server.function({"app.py": HANDLER})
    own_server.stop()
    again = own_server.again()
    try:
        all_wait(again)
        assert call(again, name).error is None
        assert path_of(again, name) == "pool"
    finally:
        again.stop()


def test_waiting_sandboxes_that_were_killed_are_not_handed_out(own_server: Server) -> None:
    name = own_server.function({"app.py": HANDLER})
    (kind,) = all_wait(own_server)
    for pid in waiting_processes(own_server):
        os.kill(pid, signal.SIGKILL)
    assert call(own_server, name).error is None
    all_wait(own_server)
    assert status(own_server)["pools"][kind]["died_waiting"] >= 1


def test_without_pools_programs_are_executed(tmp_path: Path) -> None:
    with started(tmp_path / "data", "--no-pools") as server:
        name = server.function({"app.py": HANDLER})
        assert call(server, name).error is None
        assert path_of(server, name) == "spawn"
        assert status(server)["pools"] == {}


def waiting_processes(server: Server) -> list[int]:
    """Processes below the server's that are the second of a sandbox: what waits in it."""
    children: dict[int, list[int]] = {}
    inside: dict[int, list[str]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                lines = (entry / "status").read_text().splitlines()
            except OSError:
                continue
            fields = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
            children.setdefault(int(fields["PPid"]), []).append(int(entry.name))
            inside[int(entry.name)] = fields["NSpid"].split()
    pending, found = [server.process.pid], []
    while pending:
        below = children.get(pending.pop(), [])
        pending += below
        found += [pid for pid in below if len(inside[pid]) > 1 and inside[pid][-1] == "2"]
    if not found:
        pytest.fail("nothing waits below the server")
    return found
