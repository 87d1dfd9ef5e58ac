"""Extensions that hang or crash during, between and after events, or flood who serves them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from calling import call, failed
from hostile_extension import call_again, publish_extension, with_extension
from remains import ECHO, environments, tidy, wait_for_environments
from traces import left_after

from tests.running import Server, start_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with tidy(tmp_path_factory.mktemp("extensions") / "data") as made:
        yield made


@pytest.fixture(scope="module")
def other(server: Server) -> str:
    """A function that has nothing to do with the bad one."""
    return server.function({"app.py": ECHO})


@pytest.fixture(scope="module")
def layer(server: Server) -> str:
    return publish_extension(server, "watcher")


@pytest.fixture(autouse=True)
def _others_work(server: Server, other: str) -> Iterator[None]:
    yield
    assert call(server, other, 1).body == 1


def ids(server: Server, name: str) -> set[str]:
    return {one for one, _ in environments(server, name)}


ENDS: dict[str, tuple[str, str]] = {
    "exit in event": ("Extension.Crash", "exit code 0"),
    "killed in event": ("Extension.Crash", "signal: killed"),
    "exit error": ("Extension.ExitError", "exit status 1"),
}


@pytest.mark.parametrize("end", ENDS)
def test_an_extension_that_fails_in_an_event_fails_the_event(server: Server, layer: str, end: str) -> None:
    error_type, words = ENDS[end]
    name = with_extension(server, layer, end)
    answer = call(server, name, 30.0)
    failed(answer, error_type, "RequestId: {id} Error: " + words)
    assert f"Status: error\tError Type: {error_type}" in answer.log.splitlines()[-1]
    assert call_again(server, name, 2).body == 2


@pytest.mark.full
def test_an_extension_that_reports_an_error_and_stays_costs_the_event_its_time(
    server: Server, layer: str
) -> None:
    name = with_extension(server, layer, "exit error and stay")
    answer = call(server, name, 30.0)
    failed(answer, "Sandbox.Timedout", "RequestId: {id} Error: Task timed out after 5.00 seconds")
    assert call_again(server, name, 2).body == 2


@pytest.mark.parametrize("end", ["exit behind event", "close all"])
def test_an_extension_that_ends_behind_an_event_costs_one_event_at_most(
    server: Server, layer: str, end: str
) -> None:
    name = with_extension(server, layer, end)
    assert call(server, name, 0.0).error in (None, "Unhandled")
    answers = [call_again(server, name, n) for n in range(5)]
    broken = {one.body["errorType"] for one in answers if one.error is not None}
    assert broken <= {"Extension.Crash"}
    # Each environment's extension ends once: whoever comes behind that is answered.
    assert not any(one.error and other.error for one, other in pairwise(answers))


def test_an_extension_that_never_comes_back_is_a_timeout_behind_the_answer(
    server: Server, layer: str
) -> None:
    name = with_extension(server, layer, "never back", Timeout=1)
    answer = call(server, name, 1)
    assert (answer.error, answer.body) == (None, 1)
    assert "\tStatus: timeout" in answer.log.splitlines()[-1]
    assert call_again(server, name, 2).body == 2


def test_who_does_not_ask_for_the_log_need_not_wait_for_the_extension(server: Server, layer: str) -> None:
    name = with_extension(server, layer, "never back", Timeout=1)
    client = server.client()
    assert client.invoke(FunctionName=name, Payload=b"1")["Payload"].read() == b"1"
    assert client.invoke(FunctionName=name, Payload=b"2")["Payload"].read() == b"2"
    report = next(m for m in server.messages(name, until="Status: timeout") if "Status: timeout" in m)
    assert report.startswith("REPORT RequestId: ")


def test_a_runtime_that_dies_beside_an_extension_is_told_as_a_failure(server: Server, layer: str) -> None:
    name = with_extension(server, layer, "nothing")
    failed(
        call(server, name, "exit"),
        "Runtime.ExitError",
        "RequestId: {id} Error: Runtime exited with error: exit status 5",
    )
    assert call(server, name, 1).body == 1
    assert "told SHUTDOWN FAILURE\n" in server.messages(name, until="told SHUTDOWN")


def test_a_timeout_is_told_to_the_extension(server: Server, layer: str) -> None:
    name = with_extension(server, layer, "nothing", Timeout=1)
    assert call(server, name, 30.0).body["errorType"] == "Sandbox.Timedout"
    assert call(server, name, 1).body == 1
    assert "told SHUTDOWN TIMEOUT\n" in server.messages(name, until="told SHUTDOWN")


@pytest.mark.parametrize(
    "do", ["stubborn", pytest.param("ask again", marks=pytest.mark.full), "fail at the end"]
)
def test_an_extension_that_hangs_in_shutdown_is_killed(server: Server, layer: str, do: str) -> None:
    name = with_extension(server, layer, do)
    assert call(server, name, 1).body == 1
    old = ids(server, name)
    failed(
        call(server, name, "exit"),
        "Runtime.ExitError",
        "RequestId: {id} Error: Runtime exited with error: exit status 5",
    )
    assert call(server, name, 2).body == 2
    server.client().delete_function(FunctionName=name)
    assert old
    assert wait_for_environments(server, name, set()) == set()


@pytest.mark.parametrize("do", ["shout", "flood", "hold", "fork"])
def test_an_extension_that_wants_everything_stops_nobody_else(
    server: Server, layer: str, other: str, do: str
) -> None:
    name = with_extension(server, layer, do, Timeout=10)
    for number in range(3):
        assert call(server, other, number).body == number
        assert call(server, name, number).body == number
    server.client().delete_function(FunctionName=name)
    assert wait_for_environments(server, name, set()) == set()


@pytest.mark.parametrize("protocol", ["HTTP", pytest.param("TCP", marks=pytest.mark.full)])
def test_a_subscriber_that_never_reads_holds_nobody_up(server: Server, layer: str, protocol: str) -> None:
    name = with_extension(server, layer, "subscribe", protocol=protocol, Timeout=10)
    for _ in range(4):
        assert call(server, name, "print").body == "print"
    assert "subscribed 200\n" in server.messages(name, until="subscribed")
    server.client().delete_function(FunctionName=name)
    assert wait_for_environments(server, name, set()) == set()


def test_a_server_that_stops_tells_extensions_and_leaves_nothing(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    server = start_server(data_dir)
    layer = publish_extension(server, "watcher")
    names = [with_extension(server, layer, do) for do in ("nothing", "stubborn")]
    for name in names:
        assert call(server, name, 1).body == 1
    assert server.stop() == 0
    assert left_after(data_dir) == []
    again = server.again()
    try:
        for name in names:
            assert "told SHUTDOWN SPINDOWN\n" in again.messages(name, until="told SHUTDOWN")
    finally:
        again.stop()
