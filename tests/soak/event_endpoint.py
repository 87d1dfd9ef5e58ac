"""An endpoint that takes what SQS would be sent, and keeps who was told what, and in which life."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Told:
    """One message that arrived.

    Attributes:
        life: of the server that sent it.
        body: the message as it came.
        record: the same, read.
    """

    life: int
    body: str
    record: dict[str, Any]

    @property
    def request_id(self) -> str:
        return str(self.record["requestContext"]["requestId"])


@dataclass
class Endpoint:
    """What arrived.

    Attributes:
        life: number of the server that is running now.
        down: answers 503 and takes nothing.
    """

    url: str
    life: int = 0
    down: bool = False
    told: list[Told] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, body: bytes) -> int:
        """Keep a message; the status of the answer."""
        if self.down:
            return 503
        text = json.loads(body)["MessageBody"]
        with self.lock:
            self.told.append(Told(self.life, text, json.loads(text)))
        return 200

    def by_id(self) -> dict[str, list[Told]]:
        """What arrived, by request id, in order."""
        found: dict[str, list[Told]] = {}
        with self.lock:
            for one in self.told:
                found.setdefault(one.request_id, []).append(one)
        return found

    def wait_for(self, ids: set[str], within_s: float) -> set[str]:
        """Wait until something arrived for each id; those for which nothing did."""
        deadline = time.monotonic() + within_s
        while True:
            missing = ids - self.by_id().keys()
            if not missing or time.monotonic() > deadline:
                return missing
            time.sleep(0.1)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    endpoint: Endpoint

    def handle_error(self, *_: object) -> None:
        """Say nothing of servers that were killed amid a message."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits 40 ms for an acknowledgement
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        status = self.server.endpoint.take(body)
        said = b'{"MessageId":"1","MD5OfMessageBody":"x"}'
        self.send_response(status)
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    """An endpoint on a free port of loopback."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.endpoint = Endpoint(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
