"""A small AWS service on the loopback that records what reaches it and answers what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from lambdad.domain.http import Caller, Request
from lambdad.domain.scope import Scope


@dataclass
class Received:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Endpoint:
    """Answers each request with the bytes of `answer`; `received` has them in order."""

    url: str = ""
    answer: bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
    close_after_each: bool = False
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def authority(self) -> str:
        return self.url.removeprefix("http://")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                line, *fields = head.rstrip().split("\r\n")
                method, target, _ = line.split(" ")
                headers = {}
                for one in fields:
                    name, _, value = one.partition(": ")
                    headers[name.lower()] = value
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self.received.append(Received(method, target, headers, body))
                writer.write(self.answer)
                await writer.drain()
                if self.close_after_each:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.close()


@pytest_asyncio.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    made = Endpoint()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield made
    server.close()
    made.hang_up()
    await server.wait_closed()


class StoppedClock:
    """2026-01-02T03:04:05Z for ever."""

    def now(self) -> float:
        return 1_767_323_045.0

    def monotonic(self) -> float:
        return 0.0


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def request_of() -> Callable[..., Request]:
    def make(
        method: str = "POST",
        path: str = "/",
        query: tuple[tuple[str, str], ...] = (),
        headers: dict[str, str] | None = None,
        body: bytes = b"",
    ) -> Request:
        caller = Caller(Scope("000000000000", "eu-west-1"))
        all_headers = {"host": "127.0.0.1:4566", **(headers or {})}
        return Request(method, path, query, all_headers, body, caller, "id-1", "http://127.0.0.1:4566")

    return make


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
