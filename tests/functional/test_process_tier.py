"""The weak tier, end to end: what it promises holds, and it says loudly what it does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from calling import SAMPLES, call, failed, started
from traces import left_after

from tests.running import Server

SOURCE = """
import os, sys, time
calls = 0
def handler(event, context):
    global calls
    calls += 1
    print("call", calls)
    if event == "exit":
        os._exit(3)
    if event == "sleep":
        time.sleep(60)
    if event == "tmp":
        with open(os.environ.get("TMPDIR", "/tmp") + "/mine", "w") as file:
            file.write("x")
        return open(os.environ.get("TMPDIR", "/tmp") + "/mine").read()
    return [event, calls, sorted(key for key in os.environ if "PYTEST" in key)]
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that takes the process tier on purpose."""
    data_dir = tmp_path_factory.mktemp("process-tier") / "data"
    with started(data_dir, "--isolation", "process") as made:
        assert "isolation: process" in made.log
        assert "isolation is weak" in made.log
        yield made
    assert left_after(data_dir) == []


@pytest.fixture(scope="module")
def name(server: Server) -> str:
    return server.function({"app.py": SOURCE}, Timeout=2)


def test_a_function_runs_and_its_environment_is_used_again(server: Server, name: str) -> None:
    fresh = server.function({"app.py": SOURCE})
    assert [call(server, fresh, "a").body for _ in range(3)] == [["a", number, []] for number in (1, 2, 3)]
    assert "call 3\n" in server.messages(fresh, until="call 3")
    assert call(server, fresh, "tmp").body == "x"


def test_a_crash_and_a_timeout_are_told_and_the_next_call_works(server: Server, name: str) -> None:
    failed(
        call(server, name, "exit"),
        "Runtime.ExitError",
        "RequestId: {id} Error: Runtime exited with error: exit status 3",
    )
    failed(
        call(server, name, "sleep"),
        "Sandbox.Timedout",
        "RequestId: {id} Error: Task timed out after 2.00 seconds",
    )
    assert call(server, name, "after").body == ["after", 1, []]


def test_a_node_function_runs(server: Server) -> None:
    node = server.function({"app.js": "exports.handler = async (event) => [event];"}, Runtime="nodejs20.x")
    assert call(server, node, 1).body == [1]


def test_a_bootstrap_runs_and_a_missing_one_is_named(server: Server) -> None:
    script = (SAMPLES / "hello-shell" / "bootstrap").read_bytes()
    shell = server.function({"bootstrap": script}, Runtime="provided.al2023", Handler="any")
    assert call(server, shell, 1).body == {"greeting": "Hello from a shell!", "event": 1}
    empty = server.function({"other": "x"}, Runtime="provided.al2023", Handler="any")
    message = "RequestId: {id} Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"
    failed(call(server, empty), "Runtime.InvalidEntrypoint", message)


def test_a_killed_server_leaves_no_process(tmp_path: Path) -> None:
    with started(tmp_path / "data", "--isolation", "process") as server:
        name = server.function({"app.py": SOURCE})
        assert call(server, name, 1).error is None
        server.kill()
    assert left_after(tmp_path / "data") == []
    with started(tmp_path / "data", "--isolation", "process") as again:
        assert call(again, name, 1).body == [1, 1, []]
