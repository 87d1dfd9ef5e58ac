"""An endpoint that takes what SQS would be sent, and keeps who was told what, and in which life."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Told:
    """One message that arrived; what is not needed of it is not kept, for there are many.

    Attributes:
        life: of the server that sent it.
        digest: of the message as it came.
        condition: why the event ended.
        ran: whether its function did.
    """

    life: int
    digest: bytes
    condition: str
    ran: bool


@dataclass
class Endpoint:
    """What arrived.

    Attributes:
        life: number of the server that is running now.
        down: answers 503 and takes nothing.
        told: messages by request id, in order.
        count: of messages.
    """

    url: str
    life: int = 0
    down: bool = False
    told: dict[str, list[Told]] = field(default_factory=dict)
    count: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, body: bytes) -> int:
        """Keep a message; the status of the answer."""
        if self.down:
            return 503
        text = json.loads(body)["MessageBody"]
        record = json.loads(text)
        context = record["requestContext"]
        digest = hashlib.sha256(text.encode()).digest()
        with self.lock:
            told = Told(self.life, digest, context["condition"], "responseContext" in record)
            self.told.setdefault(context["requestId"], []).append(told)
            self.count += 1
        return 200

    def wait_for(self, ids: set[str], quiet_s: float) -> set[str]:
        """Wait until something arrived for each id, or nothing more arrives; those for which nothing did."""
        count, since = self.count, time.monotonic()
        while True:
            with self.lock:
                missing = ids - self.told.keys()
            if self.count != count:
                count, since = self.count, time.monotonic()
            if not missing or time.monotonic() > since + quiet_s:
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
