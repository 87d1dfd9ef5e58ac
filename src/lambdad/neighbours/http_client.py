"""A small HTTP/1.1 client for one endpoint: kept connections, streamed answers, nothing followed or retried
but a kept connection that the other side had closed.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import httptools

from lambdad.neighbours.answer_parser import AnswerParser

Headers = Sequence[tuple[str, str]]

MAX_IDLE = 32
"""Connections that are kept, unless the client is made otherwise."""

_READ_BYTES = 256 * 1024


class Unreachable(Exception):
    """The endpoint gave no (whole) answer; the text says why, without naming the endpoint."""


class _Ended(Unreachable):
    """The other side closed the connection."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each step may take, in seconds.

    Attributes:
        connect: until connected, TLS included.
        answer: until the answer's head; longer than any long poll (Step Functions: 60 s).
        next_piece: between two pieces of the body.
    """

    connect: float = 5.0
    answer: float = 75.0
    next_piece: float = 60.0


@dataclass(slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    used: bool = False


class Answer:
    """An answer whose head is there; `read` or `pieces` must be exhausted, or `abandon` called.

    Attributes:
        status: HTTP status.
        headers: names in lower case, in order.
        has_no_body: known already, as of the answer to a HEAD request.
    """

    def __init__(self, client: HttpClient, connection: _Connection, parser: AnswerParser) -> None:
        self.status = parser.status
        self.headers = tuple(parser.headers)
        self.has_no_body = parser.complete and not parser.has_pieces
        self._client = client
        self._connection = connection
        self._parser = parser

    def header(self, name: str) -> str | None:
        """The first value of a header; None when absent."""
        return next((value for key, value in self.headers if key == name), None)

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes.

        Raises:
            Unreachable: it ended early or stalled.
        """
        done = False
        try:
            while True:
                for piece in self._parser.take():
                    yield piece
                if self._parser.complete:
                    break
                await self._client.receive(self._connection, self._parser, self._client.patience.next_piece)
            self._client.give_back(self._connection, self._parser)
            done = True
        finally:
            if not done:
                self.abandon()

    async def read(self, max_bytes: int | None = None) -> bytes | None:
        """The whole body; None, with the connection closed, when it is over `max_bytes`.

        Raises:
            Unreachable: it ended early or stalled.
        """
        found = bytearray()
        async for piece in self.pieces():
            found += piece
            if max_bytes is not None and len(found) > max_bytes:
                self.abandon()
                return None
        return bytes(found)

    def abandon(self) -> None:
        """Close the connection without reading on."""
        self._connection.writer.close()


class HttpClient:
    """Speaks to one endpoint.

    Args:
        endpoint: ``http(s)://host[:port]``.
        verify: whether the certificate is checked.
        patience: how long to wait.
        most_idle: connections that are kept.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        verify: bool = True,
        patience: Patience | None = None,
        most_idle: int = MAX_IDLE,
    ) -> None:
        url = urlsplit(endpoint)
        self._host = url.hostname or ""
        self.is_tls = url.scheme == "https"
        self._port = url.port or (443 if self.is_tls else 80)
        self.authority = url.netloc.rpartition("@")[2]
        self.patience = patience or Patience()
        self._most_idle = most_idle
        self._verify = verify
        self._tls: ssl.SSLContext | None = None
        self._idle: list[_Connection] = []

    async def send(self, method: str, target: str, headers: Headers, body: bytes = b"") -> Answer:
        """Send a request and wait for the head of the answer.

        Args:
            method: in capitals.
            target: path and query as they go on the wire.
            headers: with `host`, without `content-length`.
            body: the whole body.

        Raises:
            Unreachable: no connection, no answer, or none in time.
        """
        lines = [f"{method} {target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers]
        if body or method in {"POST", "PUT", "PATCH"}:
            lines.append(f"content-length: {len(body)}")
        message = "\r\n".join((*lines, "", "")).encode("latin-1") + body
        while True:
            connection = await self._connection()
            parser = AnswerParser(head_only=method == "HEAD")
            try:
                connection.writer.write(message)
                await self._until_head(connection, parser)
            except BaseException as error:
                connection.writer.close()
                if isinstance(error, _Ended) and connection.used and not parser.began:
                    continue  # the other side had closed a connection we kept
                raise
            return Answer(self, connection, parser)

    async def close(self) -> None:
        """Close what is kept."""
        while self._idle:
            self._idle.pop().writer.close()

    async def receive(self, connection: _Connection, parser: AnswerParser, timeout_s: float) -> None:
        """Feed the parser once.

        Raises:
            Unreachable: silence, or what came is no HTTP.
        """
        try:
            async with asyncio.timeout(timeout_s):
                data = await connection.reader.read(_READ_BYTES)
        except TimeoutError as error:
            raise Unreachable(f"no answer within {timeout_s:g} s") from error
        except OSError as error:
            raise _Ended(error.strerror or str(error)) from error
        try:
            parser.feed(data)
        except ConnectionError as error:
            raise _Ended(str(error)) from error
        except httptools.HttpParserError as error:
            raise Unreachable(f"not an HTTP answer ({error})") from error

    def give_back(self, connection: _Connection, parser: AnswerParser) -> None:
        """Keep a connection whose answer was read to the end."""
        if not parser.reusable or len(self._idle) >= self._most_idle:
            connection.writer.close()
            return
        connection.used = True
        self._idle.append(connection)

    async def _until_head(self, connection: _Connection, parser: AnswerParser) -> None:
        while not parser.has_head:
            await self.receive(connection, parser, self.patience.answer)

    async def _connection(self) -> _Connection:
        while self._idle:
            kept = self._idle.pop()
            if not kept.reader.at_eof() and not kept.writer.is_closing():
                return kept
            kept.writer.close()
        try:
            async with asyncio.timeout(self.patience.connect):
                reader, writer = await asyncio.open_connection(
                    self._host, self._port, ssl=self._context() if self.is_tls else None
                )
        except TimeoutError as error:
            raise Unreachable(f"no connection within {self.patience.connect:g} s") from error
        except OSError as error:
            raise Unreachable(error.strerror or str(error)) from error
        return _Connection(reader, writer)

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
            if not self._verify:
                self._tls.check_hostname = False
                self._tls.verify_mode = ssl.CERT_NONE
        return self._tls
