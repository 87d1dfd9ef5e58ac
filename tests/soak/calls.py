"""One call of a function over a socket of the soak's own, and what came of it."""

from __future__ import annotations

import errno
import http.client
import json
import socket
from dataclasses import dataclass

from tests.soak.functions import Function, Kind

_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked of a function.

    Attributes:
        do: the verb of its event.
        ends: how it may end: types of error, ``""`` for success.
    """

    function: Function
    do: str
    number: int
    ends: frozenset[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller got.

    Attributes:
        request_id: empty when the connection ended before.
        ended: error type, ``""`` for success, ``throttled``, or ``lost`` without a whole answer.
    """

    request_id: str
    ended: str
    body: bytes = b""


LOST = Answer("", "lost")


class Caller:
    """One connection, made anew whenever it was lost."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection: http.client.HTTPConnection | None = None

    def call(self, call: Call) -> Answer:
        """Call and read the whole answer."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT_S)
        try:
            self._connection.request("POST", path(call.function), event(call))
            answer = self._connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            return LOST
        request_id = answer.getheader("x-amzn-requestid") or ""
        failed = answer.getheader("x-amz-function-error") is not None
        if call.function.kind is Kind.STREAM and answer.status == 200:
            return Answer(request_id, _ended_stream(body), body)
        return Answer(request_id, _ended(answer.status, failed=failed, body=body), body)

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def hang_up(port: int, call: Call, after_s: float) -> None:
    """Call, and go away in the middle."""
    data = event(call)
    head = f"POST {path(call.function)} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n\r\n"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT_S) as connection:
            connection.sendall(head.encode() + data)
            connection.settimeout(after_s)
            connection.recv(100)
    except OSError:
        return


def event(call: Call) -> bytes:
    """What the function is sent."""
    return json.dumps({"do": call.do, "number": call.number}).encode()


def path(function: Function) -> str:
    """Where it is called."""
    if function.kind is Kind.STREAM:
        return f"/2021-11-15/functions/{function.name}/response-streaming-invocations"
    return f"/2015-03-31/functions/{function.name}/invocations"


def answered_well(call: Call, answer: Answer) -> bool:
    """Whether a successful answer is the function's own and to this event."""
    if call.function.kind is Kind.STREAM:
        return answer.body.count(b"piece") == 4
    try:
        found = json.loads(answer.body)
    except ValueError:
        return False
    if call.function.kind is Kind.SHELL:
        return bool(found == {"greeting": "Hello from a shell!", "event": json.loads(event(call))})
    return bool(found in (errno.ENOSPC, errno.EDQUOT) if call.do == "tmp" else found == call.number)


def _ended(status: int, *, failed: bool, body: bytes) -> str:
    if status == 429:
        return "throttled"
    if status != 200:
        return f"status {status} {body[:200].decode('utf-8', 'replace')}"
    if not failed:
        return ""
    try:
        found = json.loads(body)["errorType"]
    except (ValueError, KeyError, TypeError):
        return f"an error without a type: {body[:200]!r}"
    return str(found)


def _ended_stream(body: bytes) -> str:
    """Read the type of error out of the event that completes a stream; its framing is tested elsewhere."""
    if b"InvokeComplete" not in body:
        return "a stream without an end"
    _, mark, rest = body.rpartition(b'"ErrorCode":"')
    return rest.partition(b'"')[0].decode() if mark else ""
