"""Extensions that hang or crash in Init: AWS's error for it, and the next event finds a function that works."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from calling import Answer, call, failed
from hostile_extension import OTHERS, call_again, publish_extension, with_extension
from remains import ECHO, tidy, unrest

from tests.running import Server


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


Hanging = Callable[[], dict[tuple[str, str, int], Answer]]


@pytest.fixture(scope="module", autouse=True)
def hanging(server: Server, layer: str) -> Hanging:
    """Begins calls of functions whose extensions hang; the 10 s of AWS go by while other tests run."""
    answers: dict[tuple[str, str, int], Answer] = {}
    cases = [(kind, starts) for kind in ("never register", "never ask", "another name") for starts in (1, 2)]
    callers = []
    for kind, starts in cases:
        name = with_extension(server, layer, kind, bad_starts=starts, Timeout=1)

        def invoke(case: tuple[str, str, int] = (name, kind, starts)) -> None:
            answers[case] = call(server, case[0], 1)

        callers.append(threading.Thread(target=invoke))
    for one in callers:
        one.start()

    def result() -> dict[tuple[str, str, int], Answer]:
        for one in callers:
            one.join()
        assert len(answers) == len(cases)
        return answers

    return result


@pytest.fixture(autouse=True)
def _others_work(server: Server, other: str) -> Iterator[None]:
    yield
    assert call(server, other, 1).body == 1


def init_reports(server: Server, name: str) -> list[str]:
    """What the INIT_REPORT lines of a function say behind the duration."""
    messages = server.messages(name, until="REPORT RequestId")
    return [m.split("\t", 1)[1].strip() for m in messages if m.startswith("INIT_REPORT")]


ENDS: dict[str, tuple[str, str]] = {
    "exit at once": ("Extension.Crash", "exit code 0"),
    "fail at once": ("Extension.Crash", "exit status 3"),
    "killed at once": ("Extension.Crash", "signal: killed"),
    "exit registered": ("Extension.Crash", "exit code 0"),
    "killed registered": ("Extension.Crash", "signal: segmentation fault"),
    "init error": ("Extension.InitError", "exit status 1"),
}


@pytest.mark.parametrize("end", ENDS)
def test_an_extension_that_fails_in_init_fails_the_event_that_waits(
    server: Server, layer: str, end: str
) -> None:
    error_type, words = ENDS[end]
    name = with_extension(server, layer, end, bad_starts=2, MemorySize=256)
    failed(call(server, name, 1), error_type, "RequestId: {id} Error: " + words)
    status = f"Status: error\tError Type: {error_type}"
    assert init_reports(server, name) == [f"Phase: init\t{status}", f"Phase: invoke\t{status}"]
    assert call_again(server, name, 2).body == 2


def test_an_extension_that_fails_in_init_once_costs_nobody_an_event(server: Server, layer: str) -> None:
    name = with_extension(server, layer, "fail at once")
    assert call(server, name, 1).body == 1
    status = "Status: error\tError Type: Extension.Crash"
    assert init_reports(server, name) == [f"Phase: init\t{status}", "Phase: invoke"]


def test_an_extension_without_memory_fails_alone(server: Server, layer: str) -> None:
    name = with_extension(server, layer, "out of memory", bad_starts=2, MemorySize=128)
    failed(call(server, name, 1), "Extension.Crash", "RequestId: {id} Error: signal: killed")
    assert call_again(server, name, 2).body == 2


@pytest.mark.parametrize("kind", OTHERS)
def test_an_extension_that_cannot_be_executed_is_a_launch_error(server: Server, kind: str) -> None:
    layer = publish_extension(server, "broken", script=OTHERS[kind])
    name = with_extension(server, layer, "nothing")
    words = "exec format error" if kind == "no program" else "no such file or directory"
    for _ in range(2):
        failed(
            call(server, name, 1),
            "Extension.LaunchError",
            f"RequestId: {{id}} Error: fork/exec /opt/extensions/broken: {words}",
        )


def test_a_file_that_is_not_executable_is_no_extension(server: Server) -> None:
    layer = publish_extension(server, "watcher", executable=False)
    assert call(server, with_extension(server, layer, "fail at once"), 1).body == 1


def test_eleven_extensions_are_too_many(server: Server) -> None:
    name = with_extension(server, publish_extension(server, *(f"e{n:02}" for n in range(11))), "nothing")
    for _ in range(2):
        failed(
            call(server, name, 1), "TooManyExtensions", "RequestId: {id} Error: Extension limit (10) reached"
        )


def test_ten_extensions_are_served(server: Server) -> None:
    name = with_extension(server, publish_extension(server, *(f"e{n}" for n in range(10))), "nothing")
    assert call(server, name, 1).body == 1


def test_extensions_that_hang_in_init_have_it_repeated_in_the_event(server: Server, hanging: Hanging) -> None:
    answers = hanging()
    assert unrest(server) == []  # else the next events would start others, which hang anew
    for (name, kind, starts), answer in answers.items():
        assert init_reports(server, name)[0] == "Phase: init\tStatus: timeout", kind
        if starts == 2 or answer.error is not None:
            failed(answer, "Sandbox.Timedout", "RequestId: {id} Error: Task timed out after 1.00 seconds")
            assert init_reports(server, name)[1] == "Phase: invoke\tStatus: timeout", kind
        assert call(server, name, 2).body == 2, kind
