"""Batches on their way to subscribers that are good, slow, hanging, lying or gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.telemetry_api.delivery import HttpDelivery, NotTaken, TcpDelivery
from lambdad.worker.telemetry_api.subscription import HttpDestination, TcpDestination
from tests.fakes.listening import OK, Listener, connect, read_request

RECORDS = [b'{"n":1}', b'{"n":2}']


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    made = Listener()
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def http(listener: Listener) -> AsyncIterator[HttpDelivery]:
    made = HttpDelivery(
        HttpDestination(listener.port, "sandbox.localdomain:80", "/logs?a=1", "POST"), connect
    )
    yield made
    made.close()


async def test_a_batch_is_an_array_in_a_request(listener: Listener, http: HttpDelivery) -> None:
    await http.send(RECORDS)
    assert listener.batches == [[{"n": 1}, {"n": 2}]]
    assert listener.heads[0].split(b"\r\n")[:3] == [
        b"POST /logs?a=1 HTTP/1.1",
        b"Host: sandbox.localdomain:80",
        b"Content-Type: application/json",
    ]


async def test_one_connection_serves_every_batch(listener: Listener, http: HttpDelivery) -> None:
    for _ in range(5):
        await http.send(RECORDS)
    assert (len(listener.batches), listener.connections) == (5, 1)


def answering(answer: bytes) -> Callable[..., Awaitable[None]]:
    """One answer per connection, which then is kept open."""

    async def behave(listener: Listener, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        assert request is not None
        listener.taken(*request)
        writer.write(answer)
        await reader.read(1)

    return behave


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nsome text",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nmore than two",
    ],
)
async def test_an_answer_of_any_form_is_an_answer(
    listener: Listener, http: HttpDelivery, answer: bytes
) -> None:
    listener.behaviour = answering(answer)
    await http.send(RECORDS)
    listener.behaviour = answering(OK)
    if b"204" in answer:
        await listener.close()
        return
    await http.send(RECORDS)
    assert len(listener.batches) == 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "it answered 500"),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n",
            "it answered 302",
        ),
        (b"220 mail.example.com ESMTP\r\n\r\n", "its answer is not HTTP"),
        (b"HTTP/1.1\r\n\r\n", "its answer is not HTTP"),
        (b"\r\n\r\n", "its answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000, "its answer has no end"),
    ],
)
async def test_a_bad_answer_is_none(
    listener: Listener, http: HttpDelivery, answer: bytes, reason: str
) -> None:
    listener.behaviour = answering(answer)
    with pytest.raises(NotTaken, match=reason):
        await http.send(RECORDS)


async def test_a_listener_that_hangs_up_has_taken_nothing(listener: Listener, http: HttpDelivery) -> None:
    async def hang_up(_: Listener, reader: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await read_request(reader)

    listener.behaviour = hang_up
    with pytest.raises(NotTaken, match="closed the connection"):
        await http.send(RECORDS)


async def test_a_kept_connection_that_ended_meanwhile_is_made_anew(
    listener: Listener, http: HttpDelivery
) -> None:
    async def once(listener: Listener, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        assert request is not None
        listener.taken(*request)
        writer.write(OK)

    listener.behaviour = once
    for _ in range(3):
        await http.send(RECORDS)
    assert (len(listener.batches), listener.connections) == (3, 3)


async def test_a_listener_that_floods_a_kept_connection_gets_a_new_one(
    listener: Listener, http: HttpDelivery
) -> None:
    flooded = asyncio.Event()

    async def flood(listener: Listener, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        assert request is not None
        listener.taken(*request)
        writer.write(OK)
        try:
            async with asyncio.timeout(0.05):
                while True:
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" * 1_000)
                    await writer.drain()
        except (TimeoutError, ConnectionError):
            flooded.set()

    listener.behaviour = flood
    await http.send(RECORDS)
    async with asyncio.timeout(30):
        await flooded.wait()
    await http.send(RECORDS)
    assert (len(listener.batches), listener.connections) == (2, 2)


async def test_nobody_listening_is_not_taken(listener: Listener, http: HttpDelivery) -> None:
    await listener.close()
    with pytest.raises(NotTaken, match="no connection"):
        await http.send(RECORDS)


async def test_a_sandbox_that_is_going_takes_nothing() -> None:
    async def gone() -> None:
        raise EnvironmentUnavailable("it is being removed")

    for delivery in (
        HttpDelivery(HttpDestination(1, "sandbox:1", "/", "POST"), gone),  # type: ignore[arg-type]
        TcpDelivery(TcpDestination(1), gone),  # type: ignore[arg-type]
    ):
        with pytest.raises(NotTaken, match="being removed"):
            await delivery.send(RECORDS)


async def test_a_send_that_was_broken_off_does_not_spoil_the_next(
    listener: Listener, http: HttpDelivery
) -> None:
    async def never(_: Listener, reader: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    good, listener.behaviour = listener.behaviour, never
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await http.send(RECORDS)
    listener.behaviour = good
    await http.send(RECORDS)
    assert listener.batches == [[{"n": 1}, {"n": 2}]]


async def test_over_tcp_every_record_is_a_line(listener: Listener) -> None:
    lines: list[bytes] = []

    async def read_lines(_: Listener, reader: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            lines.append(line)

    listener.behaviour = read_lines
    tcp = TcpDelivery(TcpDestination(listener.port), connect)
    await tcp.send(RECORDS)
    await tcp.send(RECORDS)
    await listener.until(lambda: len(lines) == 4)
    assert lines == [b'{"n":1}\n', b'{"n":2}\n'] * 2
    assert listener.connections == 1
    tcp.close()


async def test_a_tcp_listener_that_has_closed_is_called_again(listener: Listener) -> None:
    lines: list[bytes] = []

    async def read_one(_: Listener, reader: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        lines.append(await reader.readline())

    listener.behaviour = read_one
    tcp = TcpDelivery(TcpDestination(listener.port), connect)
    await tcp.send([b"1"])
    await listener.until(lambda: len(lines) == 1)
    await asyncio.sleep(0.01)  # its end is on its way
    await tcp.send([b"2"])
    await listener.until(lambda: len(lines) == 2)
    assert lines == [b"1\n", b"2\n"]
    tcp.close()
