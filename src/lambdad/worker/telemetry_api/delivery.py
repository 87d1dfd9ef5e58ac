"""Brings a batch to a subscriber inside the sandbox, over one kept connection.

Two ways in: HTTP (a JSON array per request) and TCP (a JSON object per line). Who answers is not trusted:
nothing of an answer but its status matters, and no more than a bounded part of it is read.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from lambdad.domain.errors import LambdadError
from lambdad.domain.limits import MAX_TELEMETRY_ANSWER_BYTES
from lambdad.worker.telemetry_api.subscription import HttpDestination, TcpDestination

Connect = Callable[[], Awaitable[socket.socket]]
"""Makes a non-blocking TCP socket that lives in the sandbox's own network (`Sandbox.connect_socket`)."""

_LOOPBACK: Final = "127.0.0.1"
_READ_BYTES: Final = 16_384


class NotTaken(Exception):
    """The subscriber did not take a batch; the text says why."""


class Delivery(Protocol):
    """A way to a subscriber."""

    async def send(self, records: Sequence[bytes]) -> None:
        """Deliver; returns when the subscriber has taken them.

        Raises:
            NotTaken: it has not; whether any of it arrived is unknown.
        """
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class _Line:
    """One connection, made when it is needed."""

    __slots__ = ("_connect", "_port", "_socket")

    def __init__(self, connect: Connect, port: int) -> None:
        self._connect = connect
        self._port = port
        self._socket: socket.socket | None = None

    async def opened(self) -> tuple[socket.socket, bool]:
        """The connection, and whether it is a new one."""
        kept = self._socket
        if kept is not None:
            if not _is_ended(kept):
                return kept, False
            self.close()
        try:
            made = await self._connect()
        except LambdadError as error:  # the sandbox is going away
            raise NotTaken(str(error)) from error
        try:
            await asyncio.get_running_loop().sock_connect(made, (_LOOPBACK, self._port))
        except BaseException:
            made.close()
            raise
        self._socket = made
        return made, True

    def close(self) -> None:
        made, self._socket = self._socket, None
        if made is not None:
            made.close()


def _is_ended(connection: socket.socket) -> bool:
    """Whether the other side is gone; what it sent unasked (a bounded part of it) is thrown away."""
    read = 0
    while read < MAX_TELEMETRY_ANSWER_BYTES:
        try:
            data = connection.recv(_READ_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            return True
        if not data:
            return True
        read += len(data)
    return True  # it floods us: a new connection begins with nothing to read


class HttpDelivery:
    """Requests to a server in the sandbox.

    Args:
        destination: where to.
        connect: see `Connect`.
    """

    __slots__ = ("_head", "_line")

    def __init__(self, destination: HttpDestination, connect: Connect) -> None:
        self._line = _Line(connect, destination.port)
        self._head = (
            f"{destination.method} {destination.target} HTTP/1.1\r\nHost: {destination.host}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()

    async def send(self, records: Sequence[bytes]) -> None:
        """See `Delivery`."""
        body = b",".join(records)
        request = b"%s%d\r\n\r\n[%s]" % (self._head, len(body) + 2, body)
        try:
            while True:
                connection, is_new = await self._line.opened()
                try:
                    status, goes_on = await _exchange(connection, request)
                except (ConnectionError, _Unanswered):
                    self._line.close()
                    if is_new:
                        raise
                    continue  # a kept connection that ended meanwhile says nothing about the subscriber
                break
        except OSError as error:
            raise NotTaken(f"no connection: {error.strerror or error}") from error
        except _Unanswered as error:
            raise NotTaken(str(error)) from error
        except BaseException:
            self._line.close()
            raise
        if not goes_on:
            self._line.close()
        if not 200 <= status < 300:
            raise NotTaken(f"it answered {status}")

    def close(self) -> None:
        """Let go of the connection."""
        self._line.close()


class _Unanswered(Exception):
    """There was no (whole, sensible) answer."""


async def _exchange(connection: socket.socket, request: bytes) -> tuple[int, bool]:
    """Send and read the answer: its status, and whether the connection can be used again."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(connection, request)
    answer = b""
    while (end := answer.find(b"\r\n\r\n")) < 0:
        if len(answer) > MAX_TELEMETRY_ANSWER_BYTES:
            raise _Unanswered("its answer has no end")
        answer += await _more(connection)
    head = answer[:end].lower()
    status = _status(head)
    length = _length(head)
    if length is None or b"connection: close" in head or not head.startswith(b"http/1.1"):
        return status, False
    left = length - (len(answer) - end - 4)
    if left < 0 or length > MAX_TELEMETRY_ANSWER_BYTES:
        return status, False
    while left > 0:
        left -= len(await _more(connection))
    return status, left == 0


async def _more(connection: socket.socket) -> bytes:
    data = await asyncio.get_running_loop().sock_recv(connection, _READ_BYTES)
    if not data:
        raise _Unanswered("it closed the connection without an answer")
    return data


def _status(head: bytes) -> int:
    words = head.split(b"\r\n", 1)[0].split()
    if len(words) < 2 or not words[0].startswith(b"http/") or not words[1].isdigit():
        raise _Unanswered("its answer is not HTTP")
    return int(words[1][:4])


def _length(head: bytes) -> int | None:
    """The length of the answer's body; None when only the connection's end could tell it."""
    if head.split(b"\r\n", 1)[0].split()[1] == b"204":
        return 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip() == b"content-length" and value.strip().isdigit():
            return int(value.strip()[:19])
    return None


class TcpDelivery:
    """Lines to a listener in the sandbox; what it has read is not known, only what was sent.

    Args:
        destination: where to.
        connect: see `Connect`.
    """

    __slots__ = ("_line",)

    def __init__(self, destination: TcpDestination, connect: Connect) -> None:
        self._line = _Line(connect, destination.port)

    async def send(self, records: Sequence[bytes]) -> None:
        """See `Delivery`."""
        try:
            connection, _ = await self._line.opened()
            text = b"\n".join(records) + b"\n"
            await asyncio.get_running_loop().sock_sendall(connection, text)
        except OSError as error:
            self._line.close()
            raise NotTaken(f"no connection: {error.strerror or error}") from error
        except BaseException:
            self._line.close()  # in the middle of a line
            raise

    def close(self) -> None:
        """Let go of the connection."""
        self._line.close()


def delivery_to(destination: HttpDestination | TcpDestination, connect: Connect) -> Delivery:
    """The way to a destination."""
    if isinstance(destination, TcpDestination):
        return TcpDelivery(destination, connect)
    return HttpDelivery(destination, connect)
