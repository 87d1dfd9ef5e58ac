"""An extension's listener for telemetry: a real server on loopback that behaves as it is told."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any

Behaviour = Callable[["Listener", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"


async def connect() -> socket.socket:
    """A socket as a sandbox makes them."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setblocking(False)
    return made


async def read_request(reader: asyncio.StreamReader) -> tuple[bytes, bytes] | None:
    """The head and body of a request; None at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        return head, await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


async def take(listener: Listener, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A subscriber that takes everything."""
    while (request := await read_request(reader)) is not None:
        listener.taken(*request)
        writer.write(OK)


class Listener:
    """A subscriber's server.

    Attributes:
        behaviour: of connections from now on.
        heads: of the requests that were taken.
        batches: the records of each, parsed.
        connections: how many there have been.
    """

    def __init__(self) -> None:
        self.behaviour: Behaviour = take
        self.heads: list[bytes] = []
        self.batches: list[list[dict[str, Any]]] = []
        self.connections = 0
        self.port = 0
        self._arrived = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self.behaviour(self, reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    def taken(self, head: bytes, body: bytes) -> None:
        self.heads.append(head)
        self.batches.append(json.loads(body))

    @property
    def records(self) -> list[dict[str, Any]]:
        """Everything taken, in order."""
        return [record for batch in self.batches for record in batch]

    async def until(self, enough: Callable[[], bool]) -> None:
        """Wait until it has what the test wants."""
        async with asyncio.timeout(30):
            while not enough():
                await asyncio.sleep(0.002)
