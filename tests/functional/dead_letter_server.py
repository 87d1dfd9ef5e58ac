"""A small SQS for dead letters: keeps messages, hides what was received, deletes by receipt."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class SmallSqs:
    """One queue, whatever its name.

    Attributes:
        messages: by receipt; those that were received are hidden but there until they are deleted.
        refusing: answer every request with an error.
    """

    def __init__(self) -> None:
        self.messages: dict[str, dict[str, Any]] = {}
        self.hidden: set[str] = set()
        self.refusing = False
        self._lock = threading.Lock()
        self._number = 0

    def answer(self, operation: str, members: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        with self._lock:
            if self.refusing:
                return 400, {"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no such queue"}
            return 200, getattr(self, f"_{operation}")(members)

    def _SendMessage(self, members: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        self.messages[f"receipt-{self._number}"] = {
            "MessageId": f"m-{self._number}",
            "ReceiptHandle": f"receipt-{self._number}",
            "Body": members["MessageBody"],
            "Attributes": {"SentTimestamp": str(int(time.time() * 1000))},
            "MessageAttributes": members.get("MessageAttributes", {}),
        }
        return {"MessageId": f"m-{self._number}"}

    def _ReceiveMessage(self, members: dict[str, Any]) -> dict[str, Any]:
        seen = [one for receipt, one in self.messages.items() if receipt not in self.hidden]
        found = seen[: members["MaxNumberOfMessages"]]
        self.hidden.update(one["ReceiptHandle"] for one in found)
        return {"Messages": found} if found else {}

    def _DeleteMessageBatch(self, members: dict[str, Any]) -> dict[str, Any]:
        for entry in members["Entries"]:
            del self.messages[entry["ReceiptHandle"]]
        return {"Successful": [{"Id": entry["Id"]} for entry in members["Entries"]], "Failed": []}


@contextmanager
def small_sqs() -> Iterator[tuple[str, SmallSqs]]:
    """Its URL, and what is in it."""
    queue = SmallSqs()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            members = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, answer = queue.answer(self.headers["x-amz-target"].partition(".")[2], members)
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False  # the client keeps its connections
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", queue
    server.shutdown()
    server.server_close()
    thread.join()
