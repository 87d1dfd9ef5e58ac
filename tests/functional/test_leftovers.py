"""Nothing is left behind: descriptors, processes, groups and mounts come back to what they were."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from calling import call, started
from traces import processes

from lambdad.worker.sandbox.factory import data_id
from tests.running import Server, zip_of

SOURCE = """
import os, time
def handler(event, context):
    if event == "exit":
        os._exit(1)
    if event == "sleep":
        time.sleep(30)
    if event == "large":
        return "x" * 6291600
    if event == "daemon":
        if os.fork() == 0:
            os.setsid()
            time.sleep(1000)
    return event
"""


@pytest.fixture(
    scope="module",
    # None that waits has room: what is held is exactly what environments hold.
    params=[("--pool-memory-mib", "1"), ("--no-pools",)],
    ids=["forked", "spawned"],
)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with started(tmp_path_factory.mktemp("leftovers") / "data", *request.param) as made:
        yield made


def held(server: Server) -> dict[str, int]:
    """How much of everything the server holds now."""
    data_dir = Path(server.data_dir)
    groups = [
        root
        for root, _, _ in os.walk("/sys/fs/cgroup")
        if f"lambdad-{data_id(data_dir)}" in Path(root).parent.name
    ]
    own = set(processes(data_dir))
    return {
        "descriptors": len(os.listdir(f"/proc/{server.process.pid}/fd")),
        "processes": len(own),
        "groups": len(groups),
        "mounts": Path("/proc/self/mounts").read_text().count(str(data_dir)),
        "sandboxes": len(list(data_dir.glob("sandbox*/*"))),
    }


def wait_until_held(server: Server, expected: dict[str, int]) -> dict[str, int]:
    """What is held once it is as expected, or after 15 s."""
    deadline = time.monotonic() + 15
    while (found := held(server)) != expected and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def baseline(server: Server) -> dict[str, int]:
    """What is held with every environment gone, after each kind was made once."""
    name = server.function({"app.py": SOURCE})
    assert call(server, name, "exit").error == "Unhandled"
    assert call(server, name, "fine").body == "fine"
    assert held(server)["groups"] > 0
    server.client().delete_function(FunctionName=name)
    server.messages(name, until="REPORT")
    for client in server.clients.values():
        client.close()
    server.clients.clear()
    time.sleep(1)
    found = held(server)
    assert found["groups"] == 0
    return found


def forget_clients(server: Server) -> None:
    """Connections of ours count as descriptors of the server."""
    for client in server.clients.values():
        client.close()
    server.clients.clear()


MORE = [("exit", 12), ("sleep", 3), ("large", 6), ("daemon", 6), ("fine", 6)]


@pytest.mark.parametrize(
    ("event", "times"),
    [
        *(("exit", 3), ("sleep", 1), ("large", 2), ("daemon", 2), ("fine", 2)),
        *(pytest.param(*one, marks=pytest.mark.full) for one in MORE),
    ],
)
def test_functions_that_end_in_any_way_leave_nothing(
    server: Server, baseline: dict[str, int], event: str, times: int
) -> None:
    for _ in range(times):
        name = server.function({"app.py": SOURCE}, Timeout=1, MemorySize=128)
        call(server, name, event)
        server.client().delete_function(FunctionName=name)
    forget_clients(server)
    assert wait_until_held(server, baseline) == baseline


@pytest.mark.parametrize(
    "files", [{"app.py": "import os; os._exit(1)"}, {"other.py": ""}], ids=["exit", "no module"]
)
def test_inits_that_fail_leave_nothing(
    server: Server, baseline: dict[str, int], files: dict[str, str | bytes]
) -> None:
    name = server.function(files)
    for _ in range(3):
        assert call(server, name).error == "Unhandled"
    server.client().delete_function(FunctionName=name)
    forget_clients(server)
    assert wait_until_held(server, baseline) == baseline


def test_missing_bootstraps_leave_nothing(server: Server, baseline: dict[str, int]) -> None:
    name = server.function({"other": ""}, Runtime="provided.al2023", Handler="any")
    for _ in range(3):
        assert call(server, name).body["errorType"] == "Runtime.InvalidEntrypoint"
    server.client().delete_function(FunctionName=name)
    forget_clients(server)
    assert wait_until_held(server, baseline) == baseline


def test_callers_that_hang_up_leave_nothing(server: Server, baseline: dict[str, int]) -> None:
    name = server.function({"app.py": "import time\ndef handler(event, context):\n    time.sleep(0.5)\n"})
    for _ in range(6):
        connection = socket.create_connection(("127.0.0.1", server.port))
        connection.sendall(
            f"POST /2015-03-31/functions/{name}/invocations HTTP/1.1\r\nHost: localhost\r\n"
            "Content-Length: 2\r\n\r\n{}".encode()
        )
        time.sleep(0.05)
        connection.close()
    assert call(server, name).error is None
    server.client().delete_function(FunctionName=name)
    forget_clients(server)
    assert wait_until_held(server, baseline) == baseline


def test_updates_amid_calls_lose_no_call_and_leave_nothing(server: Server, baseline: dict[str, int]) -> None:
    source = "def handler(event, context):\n    return {}\n"
    name = server.function({"app.py": source.format(0)})
    client = server.client()
    answers: list[tuple[object, object]] = []
    done = threading.Event()

    def caller() -> None:
        while not done.is_set():
            answer = call(server, name)
            answers.append((answer.error, answer.body))

    callers = [threading.Thread(target=caller) for _ in range(4)]
    for one in callers:
        one.start()
    for number in range(1, 7):
        client.update_function_code(FunctionName=name, ZipFile=zip_of({"app.py": source.format(number)}))
        client.get_waiter("function_updated_v2").wait(
            FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
        )
        assert call(server, name).body == number
    done.set()
    for one in callers:
        one.join()
    assert {error for error, _ in answers} == {None}
    assert {body for _, body in answers} <= set(range(7))
    client.delete_function(FunctionName=name)
    forget_clients(server)
    assert wait_until_held(server, baseline) == baseline
