"""One call of a function URL on its way back: writes the answer, whole or as the function streams it.

Before: the environment, which writes, and the frontend, which says how it ended. What fails after the head
has been sent can only be told by cutting the connection, so that nobody takes a part for the whole.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus

from lambdad.domain.function_url import InvokeMode
from lambdad.domain.invocation import Invocation
from lambdad.domain.limits import MAX_STREAMED_RESPONSE_BYTES, MAX_SYNC_RESPONSE_BYTES, MAX_URL_HEAD_BYTES
from lambdad.domain.outcome import Status
from lambdad.domain.streaming import StreamSource
from lambdad.edge.connection import HttpConnection
from lambdad.edge.raw_request import RawRequest
from lambdad.edge.url_cors import Lines
from lambdad.edge.wire import one_line
from lambdad.frontend import url_answer
from lambdad.frontend.url_answer import PRELUDE_TYPE, SEPARATOR, MalformedAnswer, UrlAnswer

_log = logging.getLogger("lambdad.edge")
_WORDS = {status.value: status.phrase.encode() for status in HTTPStatus}
_WITHOUT_BODY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_BROKEN = UrlAnswer(502, ((b"Content-Type", b"application/json"),), b"Internal Server Error")
"""The function failed, or returned what cannot be answered. Source: spec api §4."""


class UrlCall:
    """One call; a `domain.streaming.Outlet`.

    Args:
        connection: the client.
        raw: its request.
        mode: of the URL.
        extra: headers the server adds: CORS.
        date: the `Date` header with its line end.
        refuse: answers a call that never reached the function.
        answered: told the status once the whole answer is out, unless it was refused.
    """

    __slots__ = (
        "_answered",
        "_chunked",
        "_connection",
        "_content_type",
        "_date",
        "_extra",
        "_is_begun",
        "_is_broken",
        "_is_sent",
        "_kept",
        "_raw",
        "_refuse",
        "_request_id",
        "_status",
        "_streams",
        "_trace",
        "error_code",
        "limit_bytes",
        "passed_bytes",
        "source",
    )

    def __init__(
        self,
        connection: HttpConnection,
        raw: RawRequest,
        mode: InvokeMode | None,
        extra: Lines,
        date: Callable[[], bytes],
        refuse: Callable[[Invocation], None],
        request_id: str,
        trace: str,
        answered: Callable[[int], None],
    ) -> None:
        self._answered = answered
        self._status = 0
        self._connection = connection
        self._raw = raw
        self._streams = mode is InvokeMode.RESPONSE_STREAM
        self._extra = extra
        self._date = date
        self._refuse = refuse
        self._request_id = request_id
        self._trace = trace
        self._content_type = ""
        self._kept = bytearray()  # of a whole answer, or of the metadata in front of a stream
        self._is_begun = self._is_sent = self._is_broken = self._chunked = False
        self.source: StreamSource | None = None
        self.error_code: str | None = None
        self.passed_bytes = 0
        self.limit_bytes = MAX_STREAMED_RESPONSE_BYTES if self._streams else MAX_SYNC_RESPONSE_BYTES

    # --- the function streams ----------------------------------------------------------------------

    def begin(self, content_type: str) -> None:
        """The function has begun; its head may be in front of its body."""
        self._is_begun = True
        self._content_type = content_type
        if self._streams and content_type != PRELUDE_TYPE:
            self._send_head(url_answer.plain(content_type))

    def write(self, data: bytes) -> None:
        """Pass it on, or keep it until the head is whole."""
        if self._is_sent:
            self._send(data)
        elif not self._is_broken:
            begin = max(0, len(self._kept) - len(SEPARATOR))
            self._kept += data
            if self._streams:
                self._look_for_head(begin)

    def _look_for_head(self, begin: int) -> None:
        """Send it once it is whole; what is before `begin` has been looked at."""
        end = self._kept.find(SEPARATOR, begin)
        if end < 0:
            if len(self._kept) > MAX_URL_HEAD_BYTES:
                self._break("the metadata in front of the body do not end")
            return
        kept = bytes(self._kept)
        self._kept.clear()
        try:
            self._send_head(url_answer.prelude(kept[:end]))
        except MalformedAnswer as error:
            self._break(str(error))
        else:
            self._send(kept[end + len(SEPARATOR) :])

    @property
    def is_full(self) -> bool:
        """Whether the client is behind."""
        return self._connection.is_full

    def on_room(self, call: Callable[[], None]) -> None:
        """Call once the client has caught up, or is gone."""
        self._connection.on_room(call)

    # --- the end -----------------------------------------------------------------------------------

    def complete(self, invocation: Invocation) -> None:
        """The function ended, or never ran."""
        if invocation.error is not None:
            self._refuse(invocation)
            return
        if self._is_sent:
            self._end(well=invocation.status is Status.SUCCESS)
        elif self._is_broken or invocation.status is not Status.SUCCESS:
            self._answer(_BROKEN)
        else:
            self._answer_whole(invocation.result)
        self._answered(self._status)

    def _answer_whole(self, result: bytes) -> None:
        try:
            if self._is_begun:
                answer = url_answer.buffered(self._content_type, bytes(self._kept))
            elif self._streams:  # what does not stream is passed on as it is
                answer = url_answer.plain("application/json", result)
            else:
                answer = url_answer.whole(result)
        except MalformedAnswer as error:
            self._break(str(error))
            answer = _BROKEN
        except Exception:  # noqa: BLE001 - a defect must not leave the caller without an answer
            _log.exception("unexpected error in a function URL", extra={"event": "edge.error"})
            answer = _BROKEN
        self._answer(answer)

    def _break(self, why: str) -> None:
        self._is_broken = True
        self._kept.clear()
        _log.warning(
            "a function URL answers 502: %s",
            why,
            extra={"event": "url.malformed", "request_id": self._request_id},
        )

    def _end(self, *, well: bool) -> None:
        if well and self._chunked:
            self._connection.write(b"0\r\n\r\n")
        self._connection.finished(keep_alive=well and self._raw.keep_alive)

    # --- bytes -------------------------------------------------------------------------------------

    def _send_head(self, answer: UrlAnswer) -> None:
        self._is_sent = True
        has_body = self._raw.method != b"HEAD" and answer.status not in _WITHOUT_BODY
        self._chunked = has_body
        framing = b"" if answer.status in _WITHOUT_BODY else b"Transfer-Encoding: chunked\r\n"
        self._connection.write(self._head(answer, framing))

    def _send(self, data: bytes) -> None:
        if data and self._chunked:
            self._connection.write(b"%x\r\n%s\r\n" % (len(data), data))

    def _answer(self, answer: UrlAnswer) -> None:
        if answer.status in _WITHOUT_BODY:
            self._connection.answer(self._head(answer, b""), b"", keep_alive=self._raw.keep_alive)
            return
        head = self._head(answer, b"Content-Length: %d\r\n" % len(answer.body))
        body = b"" if self._raw.method == b"HEAD" else answer.body
        self._connection.answer(head, body, keep_alive=self._raw.keep_alive)

    def _head(self, answer: UrlAnswer, framing: bytes) -> bytes:
        self._status = answer.status
        lines = [
            b"HTTP/1.1 %d %s\r\n" % (answer.status, _WORDS.get(answer.status, b"Unknown")),
            self._date(),
            framing,
            *(b"%s: %s\r\n" % line for line in answer.headers),
            *(f"{name}: {one_line(value)}\r\n".encode("latin-1", "replace") for name, value in self._extra),
            b"x-amzn-RequestId: %s\r\n" % self._request_id.encode(),
            b"X-Amzn-Trace-Id: %s\r\n" % self._trace.encode("latin-1", "replace"),
        ]
        if not self._raw.keep_alive:
            lines.append(b"Connection: close\r\n")
        lines.append(b"\r\n")
        return b"".join(lines)
