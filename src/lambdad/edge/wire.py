"""Between the values services speak and the bytes clients do."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import unquote_plus

from lambdad.domain.http import Caller, Request, Response
from lambdad.edge.raw_request import RawRequest


class HttpDate:
    """The `Date` header, made once a second."""

    __slots__ = ("_line", "_second")

    def __init__(self) -> None:
        self._second = 0
        self._line = b""

    def line(self) -> bytes:
        """``Date: …`` with its line end."""
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._line = f"Date: {formatdate(second, usegmt=True)}\r\n".encode()
        return self._line


def whole_request(
    raw: RawRequest,
    headers: Mapping[str, str],
    caller: Caller,
    request_id: str,
    base_url: str,
    source_ip: str = "",
) -> Request:
    """A request as services take it."""
    path, _, query = raw.url.partition(b"?")
    if not path.startswith(b"/"):  # absolute form: http://host/path
        path = b"/" + path.partition(b"://")[2].partition(b"/")[2]
    return Request(
        method=raw.method.decode("latin-1"),
        path=path.decode("latin-1"),
        query=pairs(query.decode("latin-1")),
        headers=headers,
        body=raw.body,
        caller=caller,
        request_id=request_id,
        base_url=base_url,
        source_ip=source_ip,
    )


def pairs(query: str) -> tuple[tuple[str, str], ...]:
    """Decoded pairs of a query string; a key without `=` has an empty value."""
    if not query:
        return ()
    found = []
    for part in query.split("&"):
        if part:
            name, _, value = part.partition("=")
            found.append((unquote_plus(name), unquote_plus(value)))
    return tuple(found)


def text_headers(raw: RawRequest) -> dict[str, str]:
    """Headers as text; repeated ones joined by a comma, as HTTP allows."""
    headers: dict[str, str] = {}
    for name, value in raw.headers:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


_WORDS = {status.value: status.phrase for status in HTTPStatus}


def head(
    response: Response, request_id: str, date: bytes, extra: tuple[tuple[str, str], ...], *, keep_alive: bool
) -> bytes:
    """Status line and headers of an answer, with the empty line."""
    status = response.status
    lines = [f"HTTP/1.1 {status} {_WORDS.get(status, 'Unknown')}\r\n"]
    names = set()
    for name, value in (*response.headers, *extra):
        names.add(name.lower())
        lines.append(f"{name}: {one_line(value)}\r\n")
    if "x-amzn-requestid" not in names and "x-amz-request-id" not in names:
        lines.append(f"x-amzn-RequestId: {request_id}\r\n")
    if isinstance(response.body, bytes):
        if "content-length" not in names and status not in {204, 304} and status >= 200:
            lines.append(f"Content-Length: {len(response.body)}\r\n")
    elif "content-length" not in names:
        lines.append("Transfer-Encoding: chunked\r\n")
    if not keep_alive:
        lines.append("Connection: close\r\n")
    return "".join(lines).encode("latin-1", "replace") + date + b"\r\n"


def one_line(value: str) -> str:
    """A header value that cannot end its line."""
    return value.replace("\r", " ").replace("\n", " ")
