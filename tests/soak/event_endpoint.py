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
        down: answers 503 and takes nothing.
        told: messages by request id, in order.
        count: of messages.
    """

    down: bool = False
    told: dict[str, list[Told]] = field(default_factory=dict)
    count: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    _listener: _Server | None = None

    def begin(self, life: int) -> str:
        """The URL for the server of this life, which no other has.

        What a killed server sent may be read long after the next one has begun: it is known by where it came in.
        """
        self.end()
        self._listener = _Server(("127.0.0.1", 0), _Handler)
        self._listener.endpoint, self._listener.life = self, life
        threading.Thread(target=self._listener.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._listener.server_address[1]}"

    def end(self) -> None:
        """Take no more connections; what came over those there are is still taken."""
        if self._listener is not None:
            self._listener.shutdown()
            self._listener.server_close()
            self._listener = None

    def take(self, body: bytes, life: int) -> int:
        """Keep a message of a life; the status of the answer."""
        if self.down:
            return 503
        text = json.loads(body)["MessageBody"]
        record = json.loads(text)
        context = record["requestContext"]
        digest = hashlib.sha256(text.encode()).digest()
        with self.lock:
            told = Told(life, digest, context["condition"], "responseContext" in record)
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
    life: int

    def handle_error(self, *_: object) -> None:
        """Say nothing of servers that were killed amid a message."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits 40 ms for an acknowledgement
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        status = self.server.endpoint.take(body, self.server.life)
        said = b'{"MessageId":"1","MD5OfMessageBody":"x"}'
        self.send_response(status)
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    """An endpoint; `begin` says where it is."""
    made = Endpoint()
    try:
        yield made
    finally:
        made.end()
