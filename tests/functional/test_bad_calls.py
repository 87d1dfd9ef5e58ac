"""Runtimes that misuse the Runtime API: AWS's error for it, and the next event finds a function that works."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from calling import Answer, call, failed
from remains import ECHO, costs_one_event_at_most, tidy
from test_bad_runtimes import deploy

from tests.running import Server

BOOTSTRAP = r"""
import signal, socket, threading
host, port = API.split(":")
before = None
def connect():
    connection = socket.create_connection((host, int(port)))
    connection.settimeout(5)
    return connection
def post(request_id, rest, what="response"):
    path = BASE + "invocation/" + request_id + "/" + what
    return b"POST " + path.encode() + b" HTTP/1.1\r\nHost: a\r\n" + rest.encode("latin-1")
def heard(connection):
    try:
        return connection.recv(4096).decode("latin-1")[9:12]
    except OSError as failure:
        return type(failure).__name__
def fine(request_id, event):
    answer(request_id, "fine")
def never(request_id, event):
    if event.get("stubborn"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)
def wrong_id_only(request_id, event):
    answer(request_id[:-1] + ("0" if request_id[-1] != "0" else "1"), "wrong")
    time.sleep(60)
def other_event(request_id, event):
    global before
    if before is None:
        answer(request_id, "first")
    else:
        answer(request_id, answer(before, "of another event")[0])
    before = request_id
def half(request_id, event):
    connection = connect()
    connection.sendall(post(request_id, event["raw"]))
    if event["then"] == "hold":
        time.sleep(60)
    connection.close()
    if event["then"] == "sleep":
        time.sleep(60)
    time.sleep(0.1)  # the server has heard of it
    if event["then"] == "answer":
        sys.exit(answer(request_id, "whole")[0] - 400)
def odd(request_id, event):
    connection = connect()
    connection.sendall(post(request_id, event["raw"]))
    said = heard(connection)
    connection.close()
    time.sleep(0.1)
    status = answer(request_id, said)[0]
    if status != 202:
        sys.exit(status - 400)
def exits_behind_answer(request_id, event):
    answer(request_id, "last words")
    os._exit(event["code"])
def exits_while_asking(request_id, event):
    answer(request_id, "last words")
    connect().sendall(b"GET " + BASE.encode() + b"invocation/next HTTP/1.1\r\nHost: a\r\n\r\n")
    os._exit(1)
def asks_often(request_id, event):
    answer(request_id, "asking")
    held = [connect() for _ in range(20)]
    for connection in held:
        connection.sendall(b"GET " + BASE.encode() + b"invocation/next HTTP/1.1\r\nHost: a\r\n\r\n")
    global kept
    kept = held
def holds(request_id, event):
    line = connect()
    global kept
    kept = []
    for _ in range(event["n"]):
        kept.append(connect())
    if event["answers"]:
        line.sendall(post(request_id, "Content-Length: 6\r\n\r\n\"held\""))
        os._exit(0 if heard(line) == "202" else 1)
    time.sleep(60)
def deaf(request_id, event):
    line = connect()
    request = b"GET /2018-06-01/ping HTTP/1.1\r\nHost: a\r\n\r\n" * 1000
    line.settimeout(0.3)
    try:
        while True:
            line.sendall(request)
    except OSError:
        answer(request_id, "nobody heard me")
while True:
    request_id, event = take()
    globals()[event["do"]](request_id, event)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with tidy(tmp_path_factory.mktemp("calls") / "data") as made:
        yield made


@pytest.fixture(scope="module")
def other(server: Server) -> str:
    """A function that has nothing to do with the bad one."""
    return server.function({"app.py": ECHO})


@pytest.fixture(scope="module")
def name(server: Server) -> str:
    """A bootstrap that does what its event tells it."""
    return deploy(server, BOOTSTRAP, Timeout=1)


@pytest.fixture(autouse=True)
def _the_next_invocations_work(server: Server, name: str, other: str) -> Iterator[None]:
    yield
    assert do(server, name, "fine").body == "fine"
    assert call(server, other, 1).body == 1


def do(server: Server, name: str, what: str, **event: Any) -> Answer:
    return call(server, name, {"do": what, **event})


def timed_out(answer: Answer) -> None:
    failed(answer, "Sandbox.Timedout", "RequestId: {id} Error: Task timed out after 1.00 seconds")
    assert "\tStatus: timeout" in answer.log.splitlines()[-1]


def crashed(answer: Answer, code: int) -> None:
    failed(
        answer, "Runtime.ExitError", f"RequestId: {{id}} Error: Runtime exited with error: exit status {code}"
    )
    assert "\tStatus: error\tError Type: Runtime.ExitError" in answer.log.splitlines()[-1]


@pytest.mark.parametrize("stubborn", [False, True])
def test_no_answer_is_a_timeout(server: Server, name: str, stubborn: bool) -> None:
    timed_out(do(server, name, "never", stubborn=stubborn))


def test_an_answer_for_another_id_only_is_a_timeout(server: Server, name: str) -> None:
    timed_out(do(server, name, "wrong_id_only"))


def test_an_answer_to_the_event_before_is_refused(server: Server, name: str) -> None:
    assert do(server, name, "other_event").body == "first"
    assert do(server, name, "other_event").body == 400


HALVES = {
    "with a length": 'Content-Length: 100\r\n\r\n"half',
    "in chunks": 'Transfer-Encoding: chunked\r\n\r\n5\r\n"half\r\n',
    "in a stream": (
        'Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n"half\r\n'
    ),
}


@pytest.mark.parametrize("kind", HALVES)
def test_half_an_answer_that_is_held_is_a_timeout(server: Server, name: str, kind: str) -> None:
    answer = do(server, name, "half", raw=HALVES[kind], then="hold")
    timed_out(answer)


@pytest.mark.parametrize("kind", ["with a length", "in chunks"])
def test_half_an_answer_and_a_whole_one_behind_it_is_refused(server: Server, name: str, kind: str) -> None:
    crashed(do(server, name, "half", raw=HALVES[kind], then="answer"), 3)


@pytest.mark.parametrize("kind", ["with a length", "in chunks"])
def test_half_an_answer_and_the_next_question_behind_it_is_refused(
    server: Server, name: str, kind: str
) -> None:
    crashed(do(server, name, "half", raw=HALVES[kind], then="next"), 1)


BAD_HEADS = {
    "a negative length": "Content-Length: -5\r\n\r\n12345",
    "a length in words": "Content-Length: five\r\n\r\n12345",
    "length and chunks": "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n",
    "a line without a name": "no colon here\r\nContent-Length: 1\r\nExpect: 1\r\n\r\n1",
    "a zero byte": "X-Zero: \x00\r\nContent-Length: 1\r\nExpect: 1\r\n\r\n1",
}


@pytest.mark.parametrize("kind", BAD_HEADS)
def test_an_answer_with_a_bad_head_is_none_and_a_good_one_may_follow(
    server: Server, name: str, kind: str
) -> None:
    answer = do(server, name, "odd", raw=BAD_HEADS[kind])
    assert (answer.error, answer.body) == (None, "400")


@pytest.mark.parametrize("encoding", ["chunked", "gzip"])
def test_an_answer_whose_chunks_are_none_is_half_an_answer(server: Server, name: str, encoding: str) -> None:
    raw = f"Transfer-Encoding: {encoding}\r\n\r\nzz\r\n1\r\n0\r\n\r\n"
    crashed(do(server, name, "odd", raw=raw), 3)


def test_two_lengths_are_one_answer_at_most(server: Server, name: str) -> None:
    answer = do(server, name, "odd", raw="Content-Length: 3\r\nContent-Length: 500\r\n\r\n123")
    assert (answer.error, answer.body) in ((None, 123), (None, "400"))


def test_a_response_mode_that_is_none_is_told_to_the_caller(server: Server, name: str) -> None:
    raw = "Lambda-Runtime-Function-Response-Mode: fast\r\nContent-Length: 1\r\n\r\n1"
    answer = do(server, name, "odd", raw=raw)
    failed(
        answer, "Runtime.InvalidResponseModeHeader", "RequestId: {id} Error: Invalid function response mode"
    )


@pytest.mark.parametrize("code", [0, 3])
def test_an_end_right_behind_the_answer_harms_nobody(server: Server, name: str, code: int) -> None:
    for _ in range(3):
        assert do(server, name, "exits_behind_answer", code=code).body == "last words"


def test_an_end_while_it_asks_costs_one_event_at_most(server: Server, name: str) -> None:
    assert do(server, name, "exits_while_asking").body == "last words"
    costs_one_event_at_most(server, name, {"do": "fine"}, "fine")


def test_who_asks_on_twenty_connections_at_once_is_given_each_event(server: Server, name: str) -> None:
    client = server.client()
    one = deploy(server, BOOTSTRAP, Timeout=1)
    assert do(server, one, "asks_often").body == "asking"
    for _ in range(2):  # goes to the one that asked last, which is the one that is read
        assert do(server, one, "fine").body == "fine"
    client.delete_function(FunctionName=one)


def test_a_thousand_connections_without_an_answer_are_a_timeout(server: Server, name: str) -> None:
    timed_out(do(server, name, "holds", n=1000, answers=False))


def test_too_many_connections_leave_the_one_that_was_first(server: Server) -> None:
    one = deploy(server, BOOTSTRAP, Timeout=20)
    for _ in range(2):
        answer = do(server, one, "holds", n=150, answers=True)
        assert (answer.error, answer.body) == (None, "held")
    assert do(server, one, "fine").body == "fine"


def test_a_runtime_that_reads_no_answers_is_heard_no_more(server: Server) -> None:
    patient = deploy(server, BOOTSTRAP, Timeout=10)
    assert do(server, patient, "deaf").body == "nobody heard me"


def test_the_log_of_every_failure_is_whole(server: Server) -> None:
    one = deploy(server, BOOTSTRAP, Timeout=1)
    ids = [do(server, one, what).request_id for what in ("never", "fine", "wrong_id_only")]
    messages = server.messages(one, until=f"REPORT RequestId: {ids[-1]}")
    for word in ("START", "END", "REPORT"):
        assert [json.dumps(m.split()[2]) for m in messages if m.startswith(f"{word} R")] == [
            json.dumps(one) for one in ids
        ]
