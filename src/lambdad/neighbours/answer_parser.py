"""One HTTP answer, parsed as its bytes come; no input or output of its own."""

from __future__ import annotations

import httptools


class AnswerParser:
    """Callbacks for httptools, and what they found.

    Args:
        head_only: the answer to a HEAD request, which has no body whatever its headers say.
    """

    def __init__(self, *, head_only: bool = False) -> None:
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.began = False
        self.has_head = False
        self.complete = False
        self.reusable = False
        self._head_only = head_only
        self._body: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """Take bytes; none means that the other side has ended the connection.

        Raises:
            ConnectionError: it ended in the middle.
            httptools.HttpParserError: not HTTP.
        """
        if not data:
            if self.has_head and not self.complete and not self._announced():
                self.complete = True  # a body without a length ends with the connection
            if not self.complete:
                raise ConnectionError("the connection ended before the answer did")
            return
        self.began = True
        self._parser.feed_data(data)

    @property
    def has_pieces(self) -> bool:
        """Whether some of the body waits to be taken."""
        return bool(self._body)

    def take(self) -> list[bytes]:
        """The pieces of the body that came since the last call."""
        pieces, self._body = self._body, []
        return pieces

    def on_message_begin(self) -> None:
        """A status line follows: the first, or the one after an interim answer."""
        if self.complete:
            self.reusable = False  # bytes behind the answer: this connection is out of step

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        if not self.complete:
            self.headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """The head is there; an interim one (1xx) is forgotten."""
        status = self._parser.get_status_code()
        if status < 200:
            self.headers.clear()
            return
        self.status = status
        self.has_head = True
        if self._head_only or status in {204, 304}:
            self._finish()

    def on_body(self, piece: bytes) -> None:
        """Some of the body."""
        if not self._head_only:
            self._body.append(piece)

    def on_message_complete(self) -> None:
        """The end of the answer or of an interim one."""
        if self.has_head and not self.complete:
            self._finish()

    def _finish(self) -> None:
        self.complete = True
        self.reusable = bool(self._parser.should_keep_alive()) or (self._head_only and not self._closes())

    def _announced(self) -> bool:
        return any(name in {"content-length", "transfer-encoding"} for name, _ in self.headers)

    def _closes(self) -> bool:
        return any(name == "connection" and "close" in value.lower() for name, value in self.headers)
