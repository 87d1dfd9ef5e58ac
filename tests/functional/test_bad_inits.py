"""Inits that fail: told byte for byte, logged in both phases, and the next event finds a function that works."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from calling import call
from remains import ECHO, tidy
from test_bad_runtimes import CLIENT

from tests.running import Server

# Starts are counted in /tmp, which outlives them: the first two (Init, and Init repeated in the event) go wrong.
COUNTED = """
import ctypes, os, signal, sys, time
with open("/tmp/starts", "ab") as file:
    file.write(b".")
    starts = file.tell()
if starts <= 2:
"""
SERVES = """
while True:
    request_id, event = take()
    answer(request_id, event)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with tidy(tmp_path_factory.mktemp("inits") / "data") as made:
        yield made


@pytest.fixture(scope="module")
def other(server: Server) -> str:
    """A function that has nothing to do with the bad one."""
    return server.function({"app.py": ECHO})


@pytest.fixture(scope="module")
def endless_name(server: Server) -> str:
    return server.function({"app.py": COUNTED + "    time.sleep(60)\n" + ECHO}, Timeout=1)


@pytest.fixture(scope="module", autouse=True)
def endless(server: Server, endless_name: str) -> Iterator[Future[tuple[str | None, str]]]:
    """A call whose Init never ends; the 10 s of AWS go by while other tests run."""
    with ThreadPoolExecutor() as pool:
        yield pool.submit(payload_of, server, endless_name)


@pytest.fixture(autouse=True)
def _others_work(server: Server, other: str) -> Iterator[None]:
    yield
    assert call(server, other, 1).body == 1


def payload_of(server: Server, name: str) -> tuple[str | None, str]:
    """What a caller of Invoke gets, the request id replaced by ``{id}``."""
    answer = server.client().invoke(FunctionName=name, Payload=b"1")
    request_id = answer["ResponseMetadata"]["RequestId"]
    return answer.get("FunctionError"), answer["Payload"].read().decode().replace(request_id, "{id}")


def init_reports(server: Server, name: str, count: int) -> list[tuple[str, str]]:
    """(phase, the rest) of every INIT_REPORT, the phase of a success too."""
    found = []
    for message in server.messages(name, until="REPORT RequestId"):
        report = re.fullmatch(
            r"INIT_REPORT Init Duration: \d+\.\d\d ms\tPhase: (init|invoke)(?:\t(.*?))?\t?\n", message
        )
        assert bool(report) == message.startswith("INIT_REPORT"), message
        if report:
            found.append((report[1], report[2] or ""))
    assert len(found) == count, found
    return found


def error(error_type: str, words: str) -> str:
    return json.dumps(
        {"errorType": error_type, "errorMessage": "RequestId: {id} Error: " + words}, separators=(",", ":")
    )


EXITED = "Runtime exited with error: "
ENDS: dict[str, tuple[str, str, str]] = {
    "exit 0": ("os._exit(0)", "Runtime.ExitError", "Runtime exited without providing a reason"),
    "exit 3": ("os._exit(3)", "Runtime.ExitError", EXITED + "exit status 3"),
    "SIGKILL": ("os.kill(os.getpid(), 9)", "Runtime.ExitError", EXITED + "signal: killed"),
    "SIGTERM": (
        "signal.signal(15, signal.SIG_DFL); os.kill(os.getpid(), 15)",
        "Runtime.ExitError",
        EXITED + "signal: terminated",
    ),
    "a bad address": ("ctypes.string_at(0)", "Runtime.ExitError", EXITED + "signal: segmentation fault"),
    "memory": (
        "held = [os.urandom(1 << 20) for _ in range(999)]",
        "Runtime.OutOfMemory",
        EXITED + "signal: killed",
    ),
}


@pytest.mark.parametrize("runtime", ["python3.11", "provided.al2023"])
@pytest.mark.parametrize("end", ENDS)
def test_an_end_in_init_is_told_and_logged_in_both_phases(server: Server, runtime: str, end: str) -> None:
    does, error_type, words = ENDS[end]
    bad = COUNTED + "    " + does + "\n"
    files: dict[str, str | bytes] = {
        "app.py": bad + ECHO,
        "bootstrap": CLIENT.replace("/var/lang-of-the-host/", "/usr/bin/") + bad + SERVES,
    }
    name = server.function(files, Runtime=runtime, MemorySize=128)
    assert payload_of(server, name) == ("Unhandled", error(error_type, words))
    status = f"Status: error\tError Type: {error_type}"
    assert init_reports(server, name, 2) == [("init", status), ("invoke", status)]
    assert payload_of(server, name) == (None, "1")


def test_what_a_runtime_reports_of_its_init_is_the_payload_as_it_is(server: Server) -> None:
    told = '{"errorMessage": "no \\"database\\"",  "errorType":"Function.Mine", "stackTrace":[]}'
    script = CLIENT.replace("/var/lang-of-the-host/", "/usr/bin/") + COUNTED
    script += f"    ask('POST', 'init/error', {told!r}, {{'Lambda-Runtime-Function-Error-Type': 'Function.Mine'}})\n"
    script += "    time.sleep(0.05); os._exit(1)\n" + SERVES
    name = server.function({"bootstrap": script}, Runtime="provided.al2023", Handler="any")
    assert payload_of(server, name) == ("Unhandled", told)
    status = "Status: error\tError Type: Function.Mine"
    assert init_reports(server, name, 2) == [("init", status), ("invoke", status)]
    assert payload_of(server, name) == (None, "1")


SHELL: dict[str, tuple[str, bool, str, str]] = {
    "not there": ("", False, "Runtime.InvalidEntrypoint", ""),
    "not executable": ("#!/bin/sh\n", False, "Runtime.InvalidEntrypoint", "permission denied"),
    "no program": ("\x00\x01\x02", True, "Runtime.InvalidEntrypoint", "exec format error"),
    "no interpreter": ("#!/no/such/shell\n", True, "Runtime.InvalidEntrypoint", "no such file or directory"),
    "ends at once": ("#!/bin/sh\nexit 0\n", True, "Runtime.ExitError", ""),
    "kills itself": ("#!/bin/sh\nkill -9 $$\n", True, "Runtime.ExitError", ""),
}


@pytest.mark.parametrize("kind", SHELL)
def test_a_bootstrap_that_can_never_run_is_told_every_time(server: Server, kind: str) -> None:
    script, executable, error_type, words = SHELL[kind]
    files: dict[str, str | bytes] = {"bootstrap": script} if script else {"other": ""}
    name = server.function(
        files, Runtime="provided.al2023", Handler="any", executable=("bootstrap",) if executable else ()
    )
    for _ in range(2):
        status, payload = payload_of(server, name)
        assert (status, json.loads(payload)["errorType"]) == ("Unhandled", error_type)
        if words:
            assert payload == error(error_type, f"fork/exec /var/task/bootstrap: {words}")


def test_an_init_that_never_ends_is_repeated_in_the_event_and_counts_against_its_time(
    server: Server, endless: Future[tuple[str | None, str]], endless_name: str
) -> None:
    name = endless_name
    assert endless.result() == (
        "Unhandled",
        error("Sandbox.Timedout", "Task timed out after 1.00 seconds"),
    )
    assert init_reports(server, name, 2) == [("init", "Status: timeout"), ("invoke", "Status: timeout")]
    assert payload_of(server, name) == (None, "1")


NODE = """
const fs = require('fs');
fs.appendFileSync('/tmp/starts', '.');
if (fs.statSync('/tmp/starts').size <= 2) { %s }
exports.handler = async (event) => event;
"""


@pytest.mark.parametrize(
    ("does", "error_type"),
    [
        ("throw new TypeError('early');", "TypeError"),
        ("process.exit(4);", "Runtime.ExitError"),
        ("process.kill(process.pid, 'SIGKILL'); for (;;);", "Runtime.ExitError"),
    ],
)
def test_a_node_init_that_fails_is_told_and_the_next_works(
    server: Server, does: str, error_type: str
) -> None:
    name = server.function({"app.js": NODE % does}, Runtime="nodejs20.x")
    status, payload = payload_of(server, name)
    assert (status, json.loads(payload)["errorType"]) == ("Unhandled", error_type)
    assert [phase for phase, _ in init_reports(server, name, 2)] == ["init", "invoke"]
    assert payload_of(server, name) == (None, "1")
