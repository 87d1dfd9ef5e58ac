"""kill -9 in the middle of anything: what was acknowledged is there, and nothing of the old server is."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from calling import call, client_of, started
from traces import left_after, processes, traces

from tests.forms import sizes
from tests.running import ROLE, Server, zip_of

REFUSALS = (BotoCoreError, ClientError)


def code(number: int, padding: int = 0) -> bytes:
    """Code that answers a number, with so many bytes that do not compress beside it."""
    return zip_of(
        {"app.py": f"def handler(event, context):\n    return {number}\n", "padding": os.urandom(padding)}
    )


@dataclass
class Acknowledged:
    """What the server said was done: function → numbers its code may answer.

    A function has one number once an update was acknowledged; while one is under way, two.
    """

    numbers: dict[str, set[int]] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)


def work(server: Server, round_number: int, worker: int, said: Acknowledged) -> None:
    """Create, invoke, update, delete until the server is gone."""
    client = client_of(server)
    with contextlib.suppress(*REFUSALS):
        for number in range(1000):
            name = f"r{round_number}-w{worker}-{number}"
            client.create_function(
                FunctionName=name,
                Runtime="python3.11",
                Handler="app.handler",
                Role=ROLE,
                Code={"ZipFile": code(1)},
            )
            said.numbers[name] = {1}
            client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.02})
            client.invoke(FunctionName=name)
            said.numbers[name] = {1, 2}
            client.update_function_code(FunctionName=name, ZipFile=code(2, 200_000))
            said.numbers[name] = {2}
            if number % 3 == 2:
                doomed = f"r{round_number}-w{worker}-{number - 1}"
                del said.numbers[doomed]
                client.delete_function(FunctionName=doomed)
                said.deleted.add(doomed)


def invoke_until_gone(server: Server, name: str) -> None:
    client = client_of(server)
    with contextlib.suppress(*REFUSALS):
        while True:
            client.invoke(FunctionName=name)


def listed(server: Server) -> dict[str, dict[str, Any]]:
    pages = server.client().get_paginator("list_functions").paginate()
    return {function["FunctionName"]: function for page in pages for function in page["Functions"]}


def check(server: Server, said: Acknowledged, names: list[str]) -> None:
    """What was acknowledged is there; those of `names` answer as they should."""
    found = listed(server)
    assert said.numbers.keys() <= found.keys()
    assert not said.deleted & found.keys()
    client = server.client()
    for name in names:
        for waiter in ("function_active_v2", "function_updated_v2"):
            client.get_waiter(waiter).wait(
                FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 100}
            )
        assert call(server, name).body in said.numbers[name]


@pytest.mark.parametrize("rounds", sizes(3, full=8))
def test_kill_9_loses_nothing_acknowledged_and_leaves_nothing_running(tmp_path: Path, rounds: int) -> None:
    said = Acknowledged()
    with started(tmp_path / "data") as server:
        busy = server.function(
            {"app.py": "import time\ndef handler(event, context):\n    time.sleep(0.05)\n"}
        )
    for round_number in range(rounds):
        with started(tmp_path / "data") as server:
            newest = [name for name in said.numbers if name.startswith(f"r{round_number - 1}-")][-3:]
            check(server, said, newest)
            kill_amid_work(server, round_number, busy, said, 0.2 + 1.2 * round_number / rounds)
        assert left_after(tmp_path / "data") == []
    assert said.numbers
    with started(tmp_path / "data") as server:
        check(server, said, list(said.numbers)[-3:])
        for name in listed(server):
            assert server.client().get_function_configuration(FunctionName=name)["State"] == "Active"
    assert left_after(tmp_path / "data", 0) == []


def kill_amid_work(server: Server, round_number: int, busy: str, said: Acknowledged, after_s: float) -> None:
    """SIGKILL while two workers change functions and a third calls one."""
    threads = [
        threading.Thread(target=work, args=(server, round_number, worker, said)) for worker in range(2)
    ]
    threads.append(threading.Thread(target=invoke_until_gone, args=(server, busy)))
    for thread in threads:
        thread.start()
    time.sleep(after_s)
    server.kill()
    for thread in threads:
        thread.join()


def test_a_server_killed_while_functions_run_leaves_no_process_mount_or_group(own_server: Server) -> None:
    data_dir = Path(own_server.data_dir)
    name = own_server.function(
        {"app.py": "import time\ndef handler(event, context):\n    time.sleep(60)\n"}, Timeout=60
    )
    callers = [threading.Thread(target=invoke_until_gone, args=(own_server, name)) for _ in range(3)]
    for caller in callers:
        caller.start()
    deadline = time.monotonic() + 20
    while len(processes(data_dir)) < 1 + 1 + 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(processes(data_dir)) >= 5
    own_server.kill()
    for caller in callers:
        caller.join()
    assert left_after(data_dir) == []


def test_a_server_stopped_in_order_leaves_nothing_either(own_server: Server) -> None:
    name = own_server.function({"app.py": "def handler(event, context):\n    return 1\n"})
    assert call(own_server, name).body == 1
    assert traces(Path(own_server.data_dir))
    assert own_server.stop() == 0
    assert traces(Path(own_server.data_dir)) == []


def test_code_of_creates_that_never_ended_is_removed_at_the_next_start(own_server: Server) -> None:
    name = own_server.function({"app.py": "def handler(event, context):\n    return 1\n"})
    own_server.kill()
    root = Path(own_server.data_dir) / "code"
    half = root / "unfinished" / "half"
    half.mkdir()
    (half / "archive.zip").write_bytes(b"half")
    orphan = root / "ff" / ("ff" * 32)
    (orphan / "task").mkdir(parents=True)
    (orphan / "archive.zip").write_bytes(b"x")
    with started(own_server.data_dir) as again:
        assert call(again, name).body == 1
        assert not half.exists()
        assert not orphan.exists()
        assert len(list(root.glob("??/*"))) == 1


def test_logs_of_answered_invocations_outlive_a_kill(own_server: Server) -> None:
    name = own_server.function({"app.py": "def handler(event, context):\n    print('kept', event)\n"})
    for number in range(5):
        assert call(own_server, name, number).error is None
    own_server.messages(name, until="kept 4")
    own_server.kill()
    with started(own_server.data_dir) as again:
        kept = [message for message in again.messages(name) if message.startswith("kept")]
        assert kept == [f"kept {number}\n" for number in range(5)]


@pytest.mark.parametrize("size", [1, 2_000_000])
def test_a_create_is_there_after_a_kill_at_its_acknowledgement(own_server: Server, size: int) -> None:
    client = client_of(own_server)
    archive = code(5, size)
    client.create_function(
        FunctionName="just-made",
        Runtime="python3.11",
        Handler="app.handler",
        Role=ROLE,
        Code={"ZipFile": archive},
    )
    own_server.kill()
    with started(own_server.data_dir) as again:
        again.client().get_waiter("function_active_v2").wait(
            FunctionName="just-made", WaiterConfig={"Delay": 0.05, "MaxAttempts": 100}
        )
        assert call(again, "just-made").body == 5
