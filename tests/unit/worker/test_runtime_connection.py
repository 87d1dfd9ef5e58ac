"""One connection of hostile code to the Runtime API: it takes its own share of the server and no more."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest

from lambdad.domain.limits import MAX_ENVIRONMENT_BODY_BYTES, MAX_RUNTIME_API_HEADER_BYTES
from lambdad.worker.runtime_api.connections import ConnectionCount
from lambdad.worker.runtime_api.server import RuntimeConnection

NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n"
RESPONSE = b"POST /2018-06-01/runtime/invocation/id-1/response HTTP/1.1\r\nHost: x\r\n"
MIB = 1024 * 1024


class NoExtensions:
    """A handler that no extension calls."""

    def extension_register(self, head: bytes, body: bytes) -> bytes:
        return b""

    def extension_next(self, connection: RuntimeConnection, head: bytes) -> bytes | None:
        return b""

    def extension_init_error(self, head: bytes) -> bytes:
        return b""

    def extension_exit_error(self, head: bytes) -> bytes:
        return b""

    def subscribe(self, api: str, head: bytes, body: bytes) -> bytes:
        return b""


class Handler(NoExtensions):
    def __init__(self) -> None:
        self.gone = 0
        self.bodies: list[int] = []
        self.truncated: list[bytes] = []

    def runtime_next(self, connection: RuntimeConnection) -> bytes | None:
        return None

    def runtime_response(self, request_id: bytes, head: bytes, body: bytes) -> bytes:
        self.bodies.append(len(body))
        return b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"

    runtime_error = runtime_response

    def runtime_init_error(self, head: bytes, body: bytes) -> bytes:
        return b""

    def runtime_truncated(self, request_id: bytes) -> None:
        self.truncated.append(request_id)

    def runtime_gone(self, connection: RuntimeConnection) -> None:
        self.gone += 1


class Side:
    """What user code holds, and what the server counts for it."""

    def __init__(self) -> None:
        self.handler = Handler()
        self.count = ConnectionCount()
        self.ours: list[socket.socket] = []

    async def connect(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        self.ours.append(ours)
        await asyncio.get_running_loop().connect_accepted_socket(
            lambda: RuntimeConnection(self.handler, self.count), theirs
        )
        return ours

    async def send(self, connection: socket.socket, data: bytes) -> None:
        async with asyncio.timeout(10):
            await asyncio.get_running_loop().sock_sendall(connection, data)

    async def heard(self, connection: socket.socket) -> bytes:
        """What comes at once."""
        async with asyncio.timeout(10):
            return await asyncio.get_running_loop().sock_recv(connection, 65536)

    async def rest(self, connection: socket.socket) -> bytes:
        heard = b""
        async with asyncio.timeout(10):
            while part := await asyncio.get_running_loop().sock_recv(connection, 65536):
                heard += part
        return heard


@pytest.fixture
async def side() -> AsyncIterator[Side]:
    one = Side()
    yield one
    for connection in one.ours:
        connection.close()
    async with asyncio.timeout(5):
        while one.count.open:
            await asyncio.sleep(0.001)
    assert one.count.held_bytes == 0


async def test_who_asks_and_does_not_read_is_not_listened_to(side: Side) -> None:
    connection = await side.connect()
    flood = b"GET /no HTTP/1.1\r\nHost: x\r\n\r\n" * 3000
    sent = 0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            while True:
                await asyncio.get_running_loop().sock_sendall(connection, flood)
                sent += len(flood)
    assert sent < 8 * MIB


async def test_a_request_behind_an_unanswered_next_ends_the_connection(side: Side) -> None:
    connection = await side.connect()
    await side.send(connection, NEXT)
    await side.send(connection, b"GET /no HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"400 Bad Request" in await side.rest(connection)
    assert side.handler.gone == 1


async def test_bodies_begun_on_many_connections_are_bounded_together(side: Side) -> None:
    refused = 0
    for _ in range(30):
        connection = await side.connect()
        await side.send(connection, RESPONSE + b"Content-Length: 6291556\r\n\r\nx")
        await asyncio.sleep(0.002)
        try:
            refused += connection.recv(100).startswith(b"HTTP/1.1 503")
        except BlockingIOError:
            pass
    assert refused == 30 - MAX_ENVIRONMENT_BODY_BYTES // 6291556
    assert side.count.held_bytes <= MAX_ENVIRONMENT_BODY_BYTES


async def test_chunked_bodies_are_counted_too_and_let_go_of_when_they_are_whole(side: Side) -> None:
    connection = await side.connect()
    await side.send(connection, RESPONSE + b"Transfer-Encoding: chunked\r\n\r\n100000\r\n" + b"x" * MIB)
    async with asyncio.timeout(5):
        while side.count.held_bytes < MIB:
            await asyncio.sleep(0.001)
    await side.send(connection, b"\r\n0\r\n\r\n")
    async with asyncio.timeout(5):
        while not side.handler.bodies:
            await asyncio.sleep(0.001)
    assert (side.handler.bodies, side.count.held_bytes) == ([MIB], 0)


async def test_a_chunked_flood_over_the_share_is_refused(side: Side) -> None:
    side.count.hold(MAX_ENVIRONMENT_BODY_BYTES - MIB)
    connection = await side.connect()
    await side.send(
        connection, RESPONSE + b"Transfer-Encoding: chunked\r\n\r\n200000\r\n" + b"x" * MIB + b"y"
    )
    assert b"503 Service Unavailable" in await side.rest(connection)
    side.count.release(MAX_ENVIRONMENT_BODY_BYTES - MIB)


async def test_heads_and_trailers_of_the_slow_way_are_bounded(side: Side) -> None:
    connection = await side.connect()
    await side.send(connection, RESPONSE + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n")
    line = b"X-Padding: " + b"a" * 60_000 + b"\r\n"
    for _ in range(MAX_RUNTIME_API_HEADER_BYTES // len(line) + 10):
        try:
            await side.send(connection, line)
        except OSError:
            break
    try:
        assert b"400 Bad Request" in await side.rest(connection)
    except ConnectionError:
        pass
    assert side.handler.gone == 1


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (b"GET /no HTTP/1.1\r\n\r\n", b"400 Bad Request: missing required Host header"),
        (b"POST /no HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"missing required Host header"),
        (b"GET /no HTTP/1.1\r\nA: " + b"x" * 2_000_000, b"431 Request Header Fields Too Large"),
        (b"GET /no HTTP/1.0\r\n\r\n", b"404 page not found"),
        (b"GET /no HTTP/1.1\r\nhost:x\r\n\r\n", b"404 page not found"),
    ],
)
async def test_what_every_server_of_http_must_refuse(side: Side, request_: bytes, answer: bytes) -> None:
    connection = await side.connect()
    heard = asyncio.create_task(side.heard(connection))
    with contextlib.suppress(OSError):  # it may be refused before it has all been sent
        await side.send(connection, request_)
    assert answer in await heard


async def test_a_query_says_nothing(side: Side) -> None:
    connection = await side.connect()
    await side.send(connection, b"GET /2018-06-01/ping?x=1 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await side.heard(connection)).endswith(b"pong")
