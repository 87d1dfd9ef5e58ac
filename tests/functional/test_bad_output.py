"""What functions print: everything, in order, whatever it is; and nothing after their end."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from calling import call

from tests.running import Server

SOURCE = r"""
import os, subprocess, sys, time
def handler(event, context):
    return globals()[event["do"]](event)
def lines(event):
    for number in range(event["n"]):
        print("line", number)
def raw(event):
    os.write(1, bytes.fromhex(event["hex"]))
def chunks(event):
    for part in event["parts"]:
        os.write(1, part.encode())
        time.sleep(0.02)
def both(event):
    for number in range(500):
        os.write(1 + number % 2, b"%d\n" % number)
def wide(event):
    print("w" * event["n"])
def daemon(event):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for descriptor in range(3, 64):
                try: os.close(descriptor)
                except OSError: pass
            os.execv("/bin/sh", ["sh", "-c", "while :; do echo beat; sleep 0.1; done", event["mark"]])
        os._exit(0)
    os.wait()
    time.sleep(event["s"])
    return "left it running"
"""


@pytest.fixture(scope="module")
def name(shared_server: Server) -> str:
    """A function that prints what it is told to."""
    return shared_server.function({"app.py": SOURCE}, MemorySize=1769)


@pytest.fixture
def fresh(shared_server: Server) -> str:
    """One with a log of its own."""
    return shared_server.function({"app.py": SOURCE}, MemorySize=1769, Timeout=2)


@pytest.fixture(autouse=True)
def _the_next_invocation_works(shared_server: Server, name: str) -> Iterator[None]:
    yield
    assert call(shared_server, name, {"do": "wide", "n": 1}).error is None


def own_lines(messages: list[str]) -> list[str]:
    platform = ("INIT_START ", "START RequestId", "END RequestId", "REPORT RequestId")
    return [message for message in messages if not message.startswith(platform)]


def test_a_hundred_thousand_lines_are_all_in_the_log_and_in_order(shared_server: Server) -> None:
    loud = shared_server.function({"app.py": SOURCE}, MemorySize=1769)
    assert call(shared_server, loud, {"do": "lines", "n": 100_000}).error is None
    messages = shared_server.messages(loud, until="REPORT", within_s=20)
    assert own_lines(messages) == [f"line {number}\n" for number in range(100_000)]
    kinds = [message.split()[0] for message in messages if message not in own_lines([message])]
    assert kinds == ["INIT_START", "START", "END", "REPORT"]


def test_the_tail_of_a_long_log_is_its_last_four_kib(shared_server: Server, name: str) -> None:
    log = call(shared_server, name, {"do": "lines", "n": 20_000}).log
    assert len(log.encode()) == 4096
    assert "line 19999\nEND RequestId" in log


def test_the_two_streams_keep_their_order(shared_server: Server, fresh: str) -> None:
    call(shared_server, fresh, {"do": "both"})
    assert own_lines(shared_server.messages(fresh, until="REPORT")) == [
        f"{number}\n" for number in range(500)
    ]


def test_what_is_printed_without_a_newline_is_there(shared_server: Server, fresh: str) -> None:
    call(shared_server, fresh, {"do": "chunks", "parts": ["one ", "line", "\nno end"]})
    assert own_lines(shared_server.messages(fresh, until="REPORT")) == ["one line\n", "no end"]


GARBAGE = {
    "not UTF-8": "fffe00010203c328a0a1",
    "a frame that is none": "a55a0000ffffffff0000000000000000" + "41" * 30,
    "half a frame": "a55a00000000",
    "zero bytes": "00" * 1000,
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_binary_garbage_does_no_harm(shared_server: Server, fresh: str, kind: str) -> None:
    answer = call(shared_server, fresh, {"do": "raw", "hex": GARBAGE[kind]})
    assert answer.error is None
    assert call(shared_server, fresh, {"do": "wide", "n": 3}).log.count("www\n") == 1
    messages = shared_server.messages(fresh, until="www")
    assert [message.split()[0] for message in messages if message.startswith(("START", "END", "REPORT"))] == [
        *("START", "END", "REPORT"),
        *("START", "END", "REPORT"),
    ]


def test_a_line_of_a_megabyte_is_cut_into_events_without_loss(shared_server: Server, fresh: str) -> None:
    call(shared_server, fresh, {"do": "wide", "n": 1_000_000})
    parts = own_lines(shared_server.messages(fresh, until="REPORT"))
    assert "".join(parts) == "w" * 1_000_000 + "\n"
    assert max(len(part) for part in parts) <= 256 * 1024


def running(mark: str) -> list[int]:
    """Processes of this host with the mark in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "cmdline").read_text("utf-8", "replace").split("\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def test_a_timeout_kills_daemons_of_other_sessions_too(shared_server: Server, fresh: str) -> None:
    mark = f"daemon-{uuid.uuid4().hex}"
    seen: list[int] = []

    def watch() -> None:
        deadline = time.monotonic() + 30
        while not seen and time.monotonic() < deadline:
            seen.extend(running(mark))
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    answer = call(shared_server, fresh, {"do": "daemon", "mark": mark, "s": 60})
    watcher.join()
    assert answer.body["errorType"] == "Sandbox.Timedout"
    assert seen
    deadline = time.monotonic() + 10
    while running(mark) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert running(mark) == []
    beats = own_lines(shared_server.messages(fresh, until="REPORT")).count("beat\n")
    assert beats > 0
    time.sleep(0.5)
    assert own_lines(shared_server.messages(fresh)).count("beat\n") == beats


def test_a_daemon_of_a_deleted_function_is_gone(shared_server: Server, fresh: str) -> None:
    mark = f"daemon-{uuid.uuid4().hex}"
    assert call(shared_server, fresh, {"do": "daemon", "mark": mark, "s": 0.3}).body == "left it running"
    assert running(mark)
    shared_server.client().delete_function(FunctionName=fresh)
    deadline = time.monotonic() + 10
    while running(mark) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert running(mark) == []
