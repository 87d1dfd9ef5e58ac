"""Real processes between events: nothing runs, `/tmp` stays, and every way an environment is told to go."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from calling import Answer, call, failed
from hostile_extension import publish_extension, with_extension
from remains import environments, status, tidy, wait_for_environments

from tests.running import Server, zip_of

SOURCE = """
import os, subprocess, sys, threading, time
CHILD = "import time\\nwhile True:\\n    open('/tmp/child', 'ab').write(b'.')\\n    time.sleep(0.002)"
count = 0
def counting():
    global count
    while True:
        count += 1
        time.sleep(0.002)
def handler(event, context):
    if event == "start":
        threading.Thread(target=counting, daemon=True).start()
        subprocess.Popen([sys.executable, "-c", CHILD], start_new_session=True)
    if event in ("start", "work"):
        time.sleep(0.3)
    if event == "write":
        open("/tmp/kept", "w").write("still here")
    if event == "crash":
        open("/tmp/kept", "a").write(", crash")
        os._exit(1)
    if event == "hang":
        open("/tmp/kept", "a").write(", timeout")
        time.sleep(60)
    if event == "read":
        return [open("/tmp/kept").read(), os.getpid()]
    size = os.path.getsize("/tmp/child") if os.path.exists("/tmp/child") else 0
    return {"thread": count, "child": size, "pid": os.getpid()}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with tidy(tmp_path_factory.mktemp("between") / "data") as made:
        yield made


@pytest.fixture(scope="module")
def aging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose environments live for two seconds and are reclaimed after one."""
    limits = ("--max-environment-age-s", "2", "--idle-environment-s", "1")
    with tidy(tmp_path_factory.mktemp("aging") / "data", *limits) as made:
        yield made


def only(server: Server, name: str) -> tuple[str, str]:
    """(id, state) of a function's only environment."""
    (one,) = environments(server, name)
    return one


def becomes(server: Server, name: str, state: str) -> str:
    """The state of the only environment once it is this, or after 10 s."""
    deadline = time.monotonic() + 10
    while (found := only(server, name)[1]) != state and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


class Calling:
    """An invocation that goes on while the test does other things."""

    def __init__(self, server: Server, name: str, event: Any) -> None:
        self._answers: list[Answer] = []
        self._thread = threading.Thread(target=lambda: self._answers.append(call(server, name, event)))
        self._thread.start()

    def answer(self) -> Answer:
        self._thread.join()
        return self._answers[0]


def running(server: Server, name: str, event: Any) -> Calling:
    """A call whose event has been handed over."""
    calling = Calling(server, name, event)
    deadline = time.monotonic() + 20
    while "busy" not in [state for _, state in environments(server, name)]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return calling


def lambdad(server: Server, *arguments: str) -> Any:
    """What lambdad's own command line answers, as JSON."""
    command = [sys.executable, "-m", "lambdad.cli.entry", *arguments, "--endpoint", server.url, "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, env=dict(os.environ)).stdout)


def test_nothing_runs_between_events_and_all_goes_on_with_the_next(server: Server) -> None:
    name = server.function({"app.py": SOURCE}, MemorySize=1769)
    began = call(server, name, "start").body
    assert began["thread"] > 0
    assert becomes(server, name, "frozen") == "frozen"
    resting = call(server, name, "look").body
    assert becomes(server, name, "frozen") == "frozen"
    time.sleep(1)  # some 450 steps of each, were they not frozen
    later = call(server, name, "look").body
    assert later["pid"] == began["pid"]
    assert later["thread"] - resting["thread"] < 200
    assert later["child"] - resting["child"] < 200
    worked = call(server, name, "work").body
    assert worked["thread"] > later["thread"]
    assert worked["child"] > later["child"] > 0


def test_tmp_is_kept_across_crash_and_timeout(server: Server) -> None:
    name = server.function({"app.py": SOURCE}, Timeout=1)
    pids = set()
    call(server, name, "write")
    environment = only(server, name)[0]
    for event, kept in (
        ("read", "still here"),
        ("crash", "still here, crash"),
        ("hang", "still here, crash, timeout"),
    ):
        assert (call(server, name, event).error is None) == (event == "read")
        text, pid = call(server, name, "read").body
        pids.add(pid)
        assert text == kept
    assert len(pids) == 3
    assert only(server, name)[0] == environment


def update_configuration(server: Server, name: str) -> None:
    server.client().update_function_configuration(FunctionName=name, Timeout=6)


def update_code(server: Server, name: str) -> None:
    archive = zip_of({"app.py": "import time\ndef handler(event, context):\n    return ['new', event]\n"})
    server.client().update_function_code(FunctionName=name, ZipFile=archive)


@pytest.mark.parametrize("update", [update_configuration, update_code])
def test_an_update_lets_the_running_event_finish_and_tells_its_extension(
    server: Server, update: Callable[[Server, str], None]
) -> None:
    name = with_extension(server, publish_extension(server, "watcher"), "nothing")
    calling = running(server, name, 1.5)
    old = only(server, name)[0]
    update(server, name)
    server.client().get_waiter("function_updated_v2").wait(
        FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
    )
    new = ["new", 7] if update is update_code else 7
    assert call(server, name, 7).body == new
    answer = calling.answer()
    assert (answer.error, answer.body) == (None, 1.5)
    assert "told SHUTDOWN SPINDOWN\n" in server.messages(name, until="told SHUTDOWN")
    deadline = time.monotonic() + 10
    while old in {one for one, _ in environments(server, name)} and time.monotonic() < deadline:
        time.sleep(0.02)
    assert old not in {one for one, _ in environments(server, name)}
    assert call(server, name, 8).error is None


def test_drain_waits_for_the_running_event_and_tells_its_extension(server: Server) -> None:
    name = with_extension(server, publish_extension(server, "watcher"), "nothing")
    calling = running(server, name, 1.5)
    before = len(environments(server))
    assert before > 0
    drained = lambdad(server, "drain", "--wait-s", "20")
    assert drained["ended"] == drained["environments"] == before
    assert environments(server) == []
    answer = calling.answer()
    assert (answer.error, answer.body) == (None, 1.5)
    assert "told SHUTDOWN SPINDOWN\n" in server.messages(name, until="told SHUTDOWN")
    assert call(server, name, 1).body == 1


def test_idle_environments_are_reclaimed_and_their_extensions_told(aging: Server) -> None:
    name = with_extension(aging, publish_extension(aging, "watcher"), "nothing")
    assert call(aging, name, 1).body == 1
    assert len(environments(aging, name)) == 1
    assert wait_for_environments(aging, name, set()) == set()
    assert "told SHUTDOWN SPINDOWN\n" in aging.messages(name, until="told SHUTDOWN")
    assert call(aging, name, 2).body == 2


def test_an_old_environment_finishes_its_event_and_is_replaced(aging: Server) -> None:
    name = with_extension(aging, publish_extension(aging, "watcher"), "nothing")
    calling = running(aging, name, 3.0)
    old = only(aging, name)[0]
    answer = calling.answer()
    assert (answer.error, answer.body) == (None, 3.0)
    assert call(aging, name, 1).body == 1
    assert old not in {one for one, _ in environments(aging, name)}
    assert "told SHUTDOWN SPINDOWN\n" in aging.messages(name, until="told SHUTDOWN")


def test_a_crash_in_an_old_environment_costs_no_other_event(aging: Server) -> None:
    name = with_extension(aging, publish_extension(aging, "watcher"), "nothing", Timeout=3)
    failed(
        call(aging, name, 30.0),
        "Sandbox.Timedout",
        "RequestId: {id} Error: Task timed out after 3.00 seconds",
    )
    for number in range(3):
        assert call(aging, name, number).body == number
    assert status(aging)["invocations"]["running"] == 0


def test_the_state_of_an_environment_is_told(server: Server) -> None:
    name = server.function({"app.py": SOURCE}, Timeout=1)
    call(server, name, "write")
    assert becomes(server, name, "frozen") == "frozen"
    call(server, name, "crash")
    assert becomes(server, name, "bare") == "bare"
    assert call(server, name, "read").body[0] == "still here, crash"
