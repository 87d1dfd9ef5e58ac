"""An HTTP client of a sandbox's APIs, for tests that play extensions."""

from __future__ import annotations

import asyncio
import json
import socket
from dataclasses import dataclass


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error_type(self) -> str:
        return str(json.loads(self.body)["errorType"])


class Caller:
    """One connection to ``host:port``; a call that blocks can be sent and read apart."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._socket = socket.socket()
        self._socket.setblocking(False)
        self._rest = b""

    async def open(self) -> Caller:
        host, _, port = self._address.partition(":")
        await asyncio.get_running_loop().sock_connect(self._socket, (host, int(port)))
        return self

    async def send(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> None:
        lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        await self.send_raw("\r\n".join([*lines, "", ""]).encode() + body)

    async def send_raw(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._socket, data)

    async def receive(self, within_s: float = 5.0) -> Answer:
        async with asyncio.timeout(within_s):
            head = (await self._until(b"\r\n\r\n")).decode("latin-1")
            status, *lines = head.split("\r\n")
            headers = {}
            for line in lines:
                name, colon, value = line.partition(":")
                if colon:
                    headers[name.strip().lower()] = value.strip()
            length = int(headers.get("content-length", "0"))
            while len(self._rest) < length:
                self._rest += await self._more()
            body, self._rest = self._rest[:length], self._rest[length:]
            return Answer(int(status.split(" ")[1]), headers, body)

    async def _until(self, end: bytes) -> bytes:
        while end not in self._rest:
            self._rest += await self._more()
        found, _, self._rest = self._rest.partition(end)
        return found

    async def _more(self) -> bytes:
        data = await asyncio.get_running_loop().sock_recv(self._socket, 1 << 16)
        assert data, "the connection was closed"
        return data

    async def call(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        await self.send(method, path, headers, body)
        return await self.receive()

    def close(self) -> None:
        self._socket.close()


_BASE = "/2020-01-01/extension"


class FakeExtension:
    """An extension as it speaks to the API."""

    def __init__(self, caller: Caller, name: str) -> None:
        self.name = name
        self.caller = caller
        self.identifier = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"Lambda-Extension-Identifier": self.identifier} if self.identifier else {}

    async def register(self, *events: str, **more: str) -> Answer:
        await self.caller.open()
        headers = {"Lambda-Extension-Name": self.name, **more}
        body = json.dumps({"events": list(events)}).encode()
        answer = await self.caller.call("POST", f"{_BASE}/register", headers, body)
        self.identifier = answer.headers.get("lambda-extension-identifier", "")
        return answer

    async def ask(self) -> None:
        await self.caller.send("GET", f"{_BASE}/event/next", self.headers)

    async def event(self) -> dict[str, object]:
        answer = await self.caller.receive()
        assert answer.status == 200, answer
        assert answer.headers["lambda-extension-event-identifier"]
        found: dict[str, object] = json.loads(answer.body)
        return found

    async def report(self, what: str, error_type: str | None = "Extension.Broken") -> Answer:
        headers = dict(self.headers)
        if error_type is not None:
            headers["Lambda-Extension-Function-Error-Type"] = error_type
        return await self.caller.call("POST", f"{_BASE}/{what}/error", headers)
