"""A server of AWS's JSON protocols on loopback, in a process of its own: answers at once, lives until its input ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httptools

ROOT = Path(__file__).parent.parent.parent
Answer = Callable[[str, str, bytes], Awaitable[tuple[int, bytes]]]
"""Status and body for a path, an X-Amz-Target and a body."""


class _Connection(asyncio.Protocol):
    def __init__(self, answer: Answer, version: str) -> None:
        self._answered = answer
        self._type = f"application/x-amz-json-{version}"
        self._parser = httptools.HttpRequestParser(self)
        self._path, self._target, self._body = b"", "", b""
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        for task in self._tasks:
            task.cancel()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._path, self._target, self._body = b"", "", b""

    def on_url(self, url: bytes) -> None:
        self._path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"x-amz-target":
            self._target = value.decode()

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        work = self._answer(self._path.decode(), self._target, self._body)
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, path: str, target: str, body: bytes) -> None:
        status, said = await self._answered(path, target, body)
        head = f"HTTP/1.1 {status} OK\r\ncontent-type: {self._type}\r\n"
        self._transport.write(f"{head}content-length: {len(said)}\r\n\r\n".encode() + said)


def serve(answer: Answer, version: str = "1.0") -> None:
    """Print a port and answer on it until the input ends."""
    try:
        import uvloop

        uvloop.run(_serve(answer, version))
    except ImportError:
        asyncio.run(_serve(answer, version))


async def _serve(answer: Answer, version: str) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(answer, version), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


@contextlib.contextmanager
def running(module: str) -> Iterator[str]:
    """A module that serves, in a process of its own; its URL."""
    env = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"}
    process = subprocess.Popen(
        [sys.executable, "-m", module], cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def steer(url: str, path: str, **members: Any) -> Any:
    """Ask a server for something that AWS has not; what it answers."""
    with urllib.request.urlopen(f"{url}{path}", json.dumps(members).encode(), timeout=10) as answer:
        return json.load(answer)
