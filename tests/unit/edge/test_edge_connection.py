"""One client connection and a dispatcher played by the test: order, bounds, and clients that do not read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from lambdad.edge.connection import LINGER_S, STALL_TIMEOUT_S, HttpConnection
from lambdad.edge.raw_request import RawRequest, is_too_slow

GET = b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n"
MIB = 1024 * 1024


class Desk:
    """Keeps requests until the test answers them."""

    def __init__(self) -> None:
        self.requests: list[tuple[HttpConnection, RawRequest]] = []
        self.connections: list[HttpConnection] = []
        self.held = 0
        self.bound = 1 << 40

    def dispatch(self, connection: HttpConnection, request: RawRequest) -> None:
        self.requests.append((connection, request))

    def opened(self, connection: HttpConnection) -> bool:
        self.connections.append(connection)
        return True

    def closed(self, connection: HttpConnection) -> None:
        self.connections.remove(connection)

    def hold(self, count: int) -> bool:
        if self.held + count > self.bound:
            return False
        self.held += count
        return True

    def release(self, count: int) -> None:
        self.held -= count

    async def next(self, number: int) -> RawRequest:
        async with asyncio.timeout(5):
            while len(self.requests) <= number:
                await asyncio.sleep(0.001)
        return self.requests[number][1]

    def answer(self, number: int, body: bytes = b"") -> None:
        head = b"HTTP/1.1 200 OK\r\nX-N: %d\r\nContent-Length: %d\r\n\r\n" % (number, len(body))
        connection, request = self.requests[number]
        connection.answer(head, body, keep_alive=request.keep_alive)


class Client:
    def __init__(self, desk: Desk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.desk = desk
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def rest(self) -> bytes:
        async with asyncio.timeout(5):
            return await self.reader.read(-1)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    desk = Desk()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: HttpConnection(desk, loop), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2], limit=1 << 20)
    yield Client(desk, reader, writer)
    writer.transport.abort()
    server.close()
    async with asyncio.timeout(5):
        while desk.connections:
            await asyncio.sleep(0.001)
    assert desk.held <= 0 or desk.requests


async def test_a_refusal_waits_for_the_answers_before_it(client: Client) -> None:
    client.send(GET % 0 + b"\x00 this is not http\r\n\r\n")
    await client.desk.next(0)
    await asyncio.sleep(0.02)
    client.desk.answer(0)
    answer = await client.rest()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\nX-N: 0\r\n")
    assert answer.count(b"HTTP/1.1 400") == 1


async def test_a_pipeline_that_is_too_long_is_answered_as_far_as_it_was_taken_and_then_closed(
    client: Client,
) -> None:
    client.send(b"".join(GET % number for number in range(40)))
    for number in range(17):
        assert (await client.desk.next(number)).url == b"/%d" % number
        client.desk.answer(number)
    answer = await client.rest()
    assert answer.count(b"HTTP/1.1 ") == answer.count(b"HTTP/1.1 200 OK") == 17
    assert len(client.desk.requests) == 17


async def test_what_waits_behind_a_running_request_is_never_begun_once_the_client_is_gone(
    client: Client,
) -> None:
    client.send(GET % 0 + GET % 1)
    await client.desk.next(0)
    client.writer.transport.abort()
    async with asyncio.timeout(5):
        while client.desk.connections:
            await asyncio.sleep(0.001)
    client.desk.answer(0)
    assert len(client.desk.requests) == 1


async def test_nobody_is_worked_for_who_does_not_read_the_answer_before(client: Client) -> None:
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    client.send(GET % 0)
    await client.desk.next(0)
    client.desk.answer(0, b"x" * (32 * MIB))
    client.send(GET % 1)
    await asyncio.sleep(0.1)
    assert len(client.desk.requests) == 1
    assert client.desk.connections[0].is_busy
    client.writer.transport.resume_reading()  # type: ignore[attr-defined]
    await client.reader.readuntil(b"\r\n\r\n")
    await client.reader.readexactly(32 * MIB)
    assert (await client.desk.next(1)).url == b"/1"
    client.desk.answer(1)
    assert b"X-N: 1\r\n" in await client.reader.readuntil(b"\r\n\r\n")


async def test_who_reads_nothing_for_a_minute_is_cut_off(client: Client) -> None:
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    client.send(GET % 0)
    await client.desk.next(0)
    client.desk.answer(0, b"x" * (32 * MIB))
    connection = client.desk.connections[0]
    await asyncio.sleep(0.1)
    connection.expire(1000.0)
    connection.expire(1000.0 + STALL_TIMEOUT_S)
    assert connection.is_open
    connection.expire(1001.0 + STALL_TIMEOUT_S)
    assert not connection.is_open


async def test_trailers_are_no_headers_and_bounded(client: Client) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
    client.send(head + b"Host: evil\r\n\r\n")
    request = await client.desk.next(0)
    assert (b"host", b"evil") not in request.headers
    client.desk.answer(0)
    await client.reader.readuntil(b"\r\n\r\n")
    client.send(head)
    for _ in range(20):
        client.send(b"X-Padding: " + b"a" * 8000 + b"\r\n")
        await asyncio.sleep(0.002)
    assert (await client.rest()).startswith(b"HTTP/1.1 431")
    assert len(client.desk.requests) == 1


async def test_tiny_chunks_are_taken_however_many_they_are(client: Client) -> None:
    client.send(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(30):
        client.send(b"1\r\na\r\n" * 1000)
        await asyncio.sleep(0.001)
    client.send(b"0\r\n\r\n")
    assert (await client.desk.next(0)).body == b"a" * 30_000
    client.desk.answer(0)


async def test_an_offer_of_http_2_is_ignored_and_the_connection_goes_on(client: Client) -> None:
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"
    client.send(b"GET /0 HTTP/1.1\r\nHost: x\r\n" + offer + b"\r\n" + GET % 1)
    for number in range(2):
        assert (await client.desk.next(number)).url == b"/%d" % number
        client.desk.answer(number)
        await client.reader.readuntil(b"\r\n\r\n")


async def test_an_offer_whose_body_would_be_lost_is_refused(client: Client) -> None:
    client.send(
        b"POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}"
    )
    assert (await client.rest()).startswith(b"HTTP/1.1 400")
    assert not client.desk.requests


async def test_large_bodies_are_counted_until_they_are_answered(client: Client) -> None:
    client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % MIB + b"x" * MIB)
    await client.desk.next(0)
    assert client.desk.held == MIB
    client.desk.answer(0)
    assert client.desk.held == 0


async def test_a_body_beyond_what_may_be_held_is_refused_and_let_go_of(client: Client) -> None:
    client.desk.bound = MIB
    client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (4 * MIB) + b"x" * (2 * MIB))
    assert (await client.rest()).startswith(b"HTTP/1.1 503")
    assert client.desk.held == 0


async def test_who_is_refused_while_it_still_sends_comes_to_read_why(client: Client) -> None:
    client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
    for _ in range(40):
        client.send(b"x" * MIB)
        await client.writer.drain()
    assert (await client.rest()).startswith(b"HTTP/1.1 413")
    assert client.desk.connections[0].is_open
    client.desk.connections[0].expire(asyncio.get_running_loop().time() + LINGER_S + 1)
    assert not client.desk.connections[0].is_open


async def test_half_a_body_is_let_go_of_with_its_connection(client: Client) -> None:
    client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (4 * MIB) + b"x" * (2 * MIB))
    async with asyncio.timeout(5):
        while client.desk.held < MIB:
            await asyncio.sleep(0.001)
    client.writer.transport.abort()
    async with asyncio.timeout(5):
        while client.desk.connections:
            await asyncio.sleep(0.001)
    assert client.desk.held == 0


async def test_a_task_that_sends_in_pieces_ends_with_its_client(client: Client) -> None:
    client.send(GET % 0)
    await client.desk.next(0)
    client.desk.connections[0].sender = sender = asyncio.create_task(asyncio.sleep(3600))
    client.writer.transport.abort()
    async with asyncio.timeout(5):
        await asyncio.wait({sender})
    assert sender.cancelled()


@pytest.mark.parametrize(
    ("begun", "last_bytes", "body_bytes", "slow"),
    [
        (0.0, 0.0, 0, False),
        (70.0, 70.0, 0, False),
        (69.0, 69.0, 0, True),
        (0.0, 99.0, 0, True),  # a byte of a head now and then
        (0.0, 99.0, 10_000_000, False),  # a slow line
        (0.0, 99.0, 60_000, True),
    ],
)
def test_a_request_has_time_while_it_makes_progress(
    begun: float, last_bytes: float, body_bytes: int, slow: bool
) -> None:
    now = 100.0 if begun or last_bytes else 30.0
    assert is_too_slow(begun, last_bytes, body_bytes, now) is slow


async def test_who_streams_is_told_when_a_client_that_was_behind_has_caught_up(client: Client) -> None:
    client.send(GET % 0)
    await client.desk.next(0)
    connection = client.desk.requests[0][0]
    called: list[bool] = []
    connection.on_room(lambda: called.append(connection.is_full))
    await asyncio.sleep(0)
    assert called == [False]
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    while not connection.is_full:
        connection.write(b"x" * MIB)
    connection.on_room(lambda: called.append(connection.is_full))
    await asyncio.sleep(0.02)
    assert called == [False]
    client.writer.transport.resume_reading()  # type: ignore[attr-defined]
    async with asyncio.timeout(5):
        while len(called) < 2:
            await client.reader.read(MIB)
    assert called == [False, False]
    connection.finished(keep_alive=False)


async def test_who_streams_is_told_when_a_client_that_was_behind_is_gone(client: Client) -> None:
    client.send(GET % 0)
    await client.desk.next(0)
    connection = client.desk.requests[0][0]
    called: list[bool] = []
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    while not connection.is_full:
        connection.write(b"x" * MIB)
    connection.on_room(lambda: called.append(connection.is_full))
    client.writer.transport.abort()
    async with asyncio.timeout(5):
        while not called:
            await asyncio.sleep(0.001)
    assert called == [False]
    connection.write(b"for nobody")
    connection.finished(keep_alive=True)
