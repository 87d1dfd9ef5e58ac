"""The answer of InvokeWithResponseStream: HTTP chunks of event-stream frames, as the function writes.

Before: the environment, which writes, and the frontend, which says how it ended. A client that goes
away ends nothing: what is written for it is dropped, and the function runs to its end, as on AWS.

Source: spec api §3; AWS Lambda developer guide, "Response streaming" (a broken client connection);
an answer recorded from AWS (headers, their order, `x-amzn-Remapped-Content-Type`).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

from lambdad.awsapi import eventstream
from lambdad.domain.invocation import Invocation
from lambdad.domain.limits import MAX_ERROR_DETAILS_BYTES, MAX_STREAMED_RESPONSE_BYTES, STREAM_PIECE_BYTES
from lambdad.domain.outcome import Status
from lambdad.domain.streaming import StreamSource
from lambdad.edge.connection import HttpConnection

_JSON = "application/json"
_OCTETS = "application/octet-stream"
_LAST_CHUNK = b"0\r\n\r\n"


class StreamAnswer:
    """One answer; a `domain.streaming.Outlet`.

    Args:
        connection: the client.
        head: makes the head of the HTTP answer from the function's content type.
        keep_alive: whether the connection goes on afterwards.
    """

    __slots__ = (
        "_connection",
        "_head",
        "_is_begun",
        "_keep_alive",
        "error_code",
        "limit_bytes",
        "passed_bytes",
        "source",
    )

    def __init__(self, connection: HttpConnection, head: Callable[[str], bytes], *, keep_alive: bool) -> None:
        self._connection = connection
        self._head = head
        self._is_begun = False
        self._keep_alive = keep_alive
        self.source: StreamSource | None = None
        self.error_code: str | None = None
        self.passed_bytes = 0
        self.limit_bytes = MAX_STREAMED_RESPONSE_BYTES

    def begin(self, content_type: str) -> None:
        """Tell the client that the function answers."""
        self._is_begun = True
        self._connection.write(self._head(content_type))

    def write(self, data: bytes) -> None:
        """One PayloadChunk."""
        self._connection.write(_chunk(eventstream.event("PayloadChunk", data, _OCTETS)))

    @property
    def is_full(self) -> bool:
        """Whether the client is behind."""
        return self._connection.is_full

    def on_room(self, call: Callable[[], None]) -> None:
        """Call once the client has caught up, or is gone."""
        self._connection.on_room(call)

    def complete(self, invocation: Invocation) -> None:
        """The function ended: say how. What did not stream is sent now, in pieces."""
        if not self._is_begun:
            self.begin(_JSON)
            payload = invocation.result
            for at in range(0, len(payload), STREAM_PIECE_BYTES):
                self.write(payload[at : at + STREAM_PIECE_BYTES])
        frame = eventstream.event("InvokeComplete", completion(invocation, self.error_code), _JSON)
        self._connection.write(_chunk(frame) + _LAST_CHUNK)
        self._connection.finished(keep_alive=self._keep_alive)


def completion(invocation: Invocation, error_code: str | None) -> bytes:
    """The JSON of InvokeComplete: empty when all went well and no log was asked for.

    Args:
        invocation: settled.
        error_code: the type the runtime gave an error behind its stream; None when it gave none.
    """
    found: dict[str, str] = {}
    if invocation.status is not Status.SUCCESS:
        found["ErrorCode"] = error_code or invocation.error_type or _type_of(invocation.result)
        found["ErrorDetails"] = invocation.result[:MAX_ERROR_DETAILS_BYTES].decode("utf-8", "replace")
    if invocation.log_tail is not None:
        found["LogResult"] = base64.b64encode(invocation.log_tail).decode()
    return json.dumps(found, separators=(",", ":")).encode()


def _type_of(payload: bytes) -> str:
    """The type of an error object; `Unhandled` when it is none."""
    try:
        found = json.loads(payload)["errorType"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "Unhandled"
    return found if isinstance(found, str) and found else "Unhandled"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)
