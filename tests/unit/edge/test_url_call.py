"""The answer of a function URL as bytes: whole, or as the function streams it."""

from __future__ import annotations

import re
from typing import cast

import pytest

from lambdad.domain.errors import Throttled
from lambdad.domain.function_url import InvokeMode
from lambdad.domain.invocation import Invocation, Target
from lambdad.domain.limits import MAX_STREAMED_RESPONSE_BYTES, MAX_SYNC_RESPONSE_BYTES, MAX_URL_HEAD_BYTES
from lambdad.domain.outcome import Status
from lambdad.edge.connection import HttpConnection
from lambdad.edge.raw_request import RawRequest
from lambdad.edge.url_call import UrlCall
from lambdad.frontend.url_answer import PRELUDE_TYPE
from tests.fakes.worker import version_of

STREAM = InvokeMode.RESPONSE_STREAM
BROKEN = "HTTP/1.1 502 Bad Gateway"


class Client:
    """Stands in for the connection; keeps what it is sent."""

    def __init__(self) -> None:
        self.sent = b""
        self.ended: bool | None = None

    def write(self, data: bytes) -> None:
        self.sent += data

    def answer(self, head: bytes, body: bytes, *, keep_alive: bool) -> None:
        self.write(head + body)
        self.finished(keep_alive=keep_alive)

    def finished(self, *, keep_alive: bool) -> None:
        assert self.ended is None
        self.ended = keep_alive

    @property
    def head(self) -> list[str]:
        return self.sent.partition(b"\r\n\r\n")[0].decode().split("\r\n")

    @property
    def status(self) -> str:
        return self.head[0]

    @property
    def body(self) -> bytes:
        return self.sent.partition(b"\r\n\r\n")[2]


class Calling:
    """One call with its client."""

    def __init__(
        self, mode: InvokeMode | None = None, method: bytes = b"GET", *extra: tuple[str, str]
    ) -> None:
        self.client = Client()
        self.refused: list[Invocation] = []
        self.answered: list[int] = []
        raw = RawRequest(0.0)
        raw.method = method
        self.call = UrlCall(
            cast("HttpConnection", self.client),
            raw,
            mode,
            extra,
            lambda: b"Date: now\r\n",
            self.refused.append,
            "request-1",
            "Root=1",
            self.answered.append,
        )

    def end(self, result: bytes = b"", status: Status = Status.SUCCESS) -> Client:
        version = version_of()
        target = Target(version, version.unqualified_arn)
        invocation = Invocation(target, "request-1", b"{}", "trace", self.call.complete)
        invocation.settle(status, result)
        return self.client


def test_a_whole_answer_has_a_length_and_the_ids_of_its_invocation() -> None:
    client = Calling(None, b"GET", ("X-Extra", "a\r\nb")).end(b'{"statusCode":201,"body":"abc"}')
    assert client.head == [
        "HTTP/1.1 201 Created",
        "Date: now",
        "Content-Length: 3",
        "Content-Type: application/json",
        "X-Extra: a  b",
        "x-amzn-RequestId: request-1",
        "X-Amzn-Trace-Id: Root=1",
    ]
    assert client.body == b"abc"
    assert client.ended is True


def test_the_answer_to_head_has_no_body() -> None:
    client = Calling(None, b"HEAD").end(b'{"statusCode":200,"body":"abc"}')
    assert "Content-Length: 3" in client.head
    assert client.body == b""


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("mode", [None, STREAM])
def test_an_answer_without_a_body_says_nothing_of_one(status: int, mode: InvokeMode | None) -> None:
    calling = Calling(mode)
    if mode is STREAM:
        calling.call.begin(PRELUDE_TYPE)
        calling.call.write(b'{"statusCode":%d}%sbody' % (status, bytes(8)))
    client = calling.end(b'{"statusCode":%d,"body":"abc"}' % status)
    assert not [
        line for line in client.head if line.lower().startswith(("content-length", "transfer-encoding"))
    ]
    assert client.body == b""
    assert client.ended is True


@pytest.mark.parametrize("status", [Status.ERROR, Status.FAILURE, Status.TIMEOUT])
@pytest.mark.parametrize("mode", [None, STREAM])
def test_a_function_that_fails_is_a_bad_gateway(status: Status, mode: InvokeMode | None) -> None:
    client = Calling(mode).end(b'{"errorMessage":"secret"}', status)
    assert (client.status, client.body) == (BROKEN, b"Internal Server Error")


def test_so_is_one_whose_answer_is_none() -> None:
    assert Calling().end(b'{"statusCode":"x"}').status == BROKEN


def test_a_call_that_never_ran_is_refused_as_a_whole() -> None:
    calling = Calling()
    version = version_of()
    invocation = Invocation(Target(version, ""), "r", b"{}", "t", calling.call.complete)
    invocation.refuse(Throttled("ConcurrentInvocationLimitExceeded"))
    assert calling.refused == [invocation]
    assert calling.client.sent == b""


def test_each_mode_has_its_limit() -> None:
    assert Calling().call.limit_bytes == MAX_SYNC_RESPONSE_BYTES
    assert Calling(STREAM).call.limit_bytes == MAX_STREAMED_RESPONSE_BYTES


def chunks(body: bytes) -> bytes:
    """The body of a whole chunked answer."""
    assert body.endswith(b"0\r\n\r\n")
    return b"".join(re.split(rb"(?:^|\r\n)[0-9a-f]+\r\n", body[: -len(b"\r\n0\r\n\r\n")]))


def test_a_stream_is_passed_on_as_it_comes() -> None:
    calling = Calling(STREAM)
    calling.call.begin("text/x")
    assert calling.client.head[:3] == ["HTTP/1.1 200 OK", "Date: now", "Transfer-Encoding: chunked"]
    assert "Content-Type: text/x" in calling.client.head
    calling.call.write(b"one")
    assert calling.client.body == b"3\r\none\r\n"
    calling.call.write(b"")
    calling.call.write(b"two")
    client = calling.end()
    assert chunks(client.body) == b"onetwo"
    assert client.ended is True


@pytest.mark.parametrize("size", [1, 3, 7, 1_000])
def test_the_head_in_front_of_a_stream_may_come_in_pieces_of_any_size(size: int) -> None:
    calling = Calling(STREAM)
    calling.call.begin(PRELUDE_TYPE)
    assert calling.client.sent == b""
    data = b'{"statusCode":404,"headers":{"a":"b"},"cookies":["c=d"]}' + bytes(8) + b"\0body"
    for at in range(0, len(data), size):
        calling.call.write(data[at : at + size])
    client = calling.end()
    assert client.status == "HTTP/1.1 404 Not Found"
    assert {"a: b", "Set-Cookie: c=d", "Content-Type: application/json"} <= set(client.head)
    assert chunks(client.body) == b"\0body"


@pytest.mark.parametrize(
    "data",
    [
        b"no json" + bytes(8) + b"body",
        b'{"statusCode":99}' + bytes(8),
        b'{"headers":{"a":"\\r\\n"}}' + bytes(8),
        b"{}",
        b"{}" + bytes(7),
        b"",
    ],
)
def test_a_stream_without_a_proper_head_is_a_bad_gateway(data: bytes) -> None:
    calling = Calling(STREAM)
    calling.call.begin(PRELUDE_TYPE)
    calling.call.write(data)
    calling.call.write(b"")
    client = calling.end()
    assert (client.status, client.body) == (BROKEN, b"Internal Server Error")


def test_a_head_without_end_is_not_kept() -> None:
    calling = Calling(STREAM)
    calling.call.begin(PRELUDE_TYPE)
    for _ in range(3):
        calling.call.write(b" " * MAX_URL_HEAD_BYTES)
    calling.call.write(b"{}" + bytes(8))
    assert calling.end().status == BROKEN


def test_a_stream_that_fails_is_cut_off() -> None:
    calling = Calling(STREAM)
    calling.call.begin("text/x")
    calling.call.write(b"one")
    client = calling.end(b"{}", Status.ERROR)
    assert client.body == b"3\r\none\r\n"
    assert client.ended is False


def test_a_stream_to_head_is_heard_by_nobody() -> None:
    calling = Calling(STREAM, b"HEAD")
    calling.call.begin("text/x")
    calling.call.write(b"one")
    client = calling.end()
    assert (client.body, client.ended) == (b"", True)


def test_what_does_not_stream_is_passed_on_as_it_is() -> None:
    client = Calling(STREAM).end(b'{"statusCode": 404, "body": "x"}')
    assert client.status == "HTTP/1.1 200 OK"
    assert client.body == b'{"statusCode": 404, "body": "x"}'


def test_a_stream_is_collected_when_the_url_does_not_stream() -> None:
    calling = Calling(InvokeMode.BUFFERED)
    calling.call.begin(PRELUDE_TYPE)
    for part in (b'{"statusCode":', b"201}", bytes(8), b"bo", b"dy"):
        calling.call.write(part)
        assert calling.client.sent == b""
    client = calling.end()
    assert client.status == "HTTP/1.1 201 Created"
    assert "Content-Length: 4" in client.head
    assert client.body == b"body"


@pytest.mark.parametrize(
    ("result", "status", "expected"),
    [
        (b'{"statusCode": 404, "body": "no"}', Status.SUCCESS, 404),
        (b'"x"', Status.SUCCESS, 200),
        (b'"x"', Status.ERROR, 502),
        (b'{"statusCode": "x"}', Status.SUCCESS, 502),
    ],
)
def test_the_status_of_what_was_answered_is_told_once(result: bytes, status: Status, expected: int) -> None:
    calling = Calling()
    calling.end(result, status)
    assert calling.answered == [expected]


def test_a_streamed_answer_is_told_when_it_is_over() -> None:
    calling = Calling(InvokeMode.RESPONSE_STREAM)
    calling.call.begin("text/plain")
    calling.call.write(b"a")
    assert calling.answered == []
    calling.end()
    assert calling.answered == [200]
