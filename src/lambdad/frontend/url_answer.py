"""From what a function returns to the HTTP answer of its URL; pure.

Before: the settled invocation. After: `edge.url_call`, which writes head and body. What a function returns
is hostile: no header of it can end its line, take another's place or grow without bound.

Source: AWS's page "Invoking Lambda function URLs" (inference, cookies); recorded answers of LocalStack's
suite (TestLambdaURL: JSON without blanks, a string without its quotes, a status code as text); API Gateway's
list of remapped headers, seen on function URLs, too.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from lambdad.domain.limits import MAX_URL_HEAD_BYTES

PRELUDE_TYPE: Final = "application/vnd.awslambda.http-integration-response"
"""The content type of a stream that has `SEPARATOR` between a JSON head and the body."""
SEPARATOR: Final = bytes(8)
_JSON: Final = (b"Content-Type", b"application/json")
_REMAPPED: Final = frozenset(
    {
        *("authorization", "connection", "content-md5", "date", "host", "server", "www-authenticate"),
        *("x-amzn-requestid", "x-amzn-trace-id"),
    }
)
"""Headers that mean something to this connection or come from the server; the function's are renamed."""
_DROPPED: Final = frozenset(
    {
        *("content-length", "expect", "keep-alive", "proxy-authenticate", "proxy-connection", "te"),
        *("trailer", "transfer-encoding", "upgrade"),
    }
)
"""Headers of the connection, which is the server's business."""
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_STATUS = re.compile(r"[2-5]\d\d")

Headers = tuple[tuple[bytes, bytes], ...]


class MalformedAnswer(Exception):
    """What the function returned cannot be answered; `str(error)` says why, for the log."""


@dataclass(frozen=True, slots=True)
class UrlAnswer:
    """An answer but for what the server adds.

    Attributes:
        headers: of the function, a content type among them.
    """

    status: int
    headers: Headers
    body: bytes = b""


class _Formatted(msgspec.Struct, rename="camel"):
    """The members that count; anything is taken, and judged below."""

    status_code: Any = None
    headers: Any = None
    cookies: Any = None
    body: msgspec.Raw = msgspec.Raw(b"null")
    is_base64_encoded: Any = None


_formatted = msgspec.json.Decoder(_Formatted).decode
_string = msgspec.json.Decoder(str).decode


def whole(payload: bytes) -> UrlAnswer:
    """The answer to a payload: formatted by its `statusCode`, or inferred.

    Raises:
        MalformedAnswer: no JSON, or members that are not what they must be.
    """
    try:
        start = payload.lstrip()[:1]
        if start == b"{":
            formatted = _formatted(payload)
            if formatted.status_code is not None:
                status, headers = _head(formatted)
                return UrlAnswer(status, headers, _body(formatted))
        return UrlAnswer(200, (_JSON,), _text(payload))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedAnswer(f"the function returned no JSON: {error}") from None


def prelude(metadata: bytes) -> UrlAnswer:
    """The head that is in front of a streamed body; the answer's body is empty.

    Raises:
        MalformedAnswer: no JSON object, or members that are not what they must be.
    """
    try:
        formatted = _formatted(metadata)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedAnswer(f"the metadata in front of the body are no JSON object: {error}") from None
    if formatted.status_code is None:
        formatted.status_code = 200
    return UrlAnswer(*_head(formatted))


def buffered(content_type: str, payload: bytes) -> UrlAnswer:
    """The answer to a stream that was collected: its own head, or what `whole` makes of it, or as it is.

    Raises:
        MalformedAnswer: a head in front of the body that is none.
    """
    if content_type == PRELUDE_TYPE:
        metadata, separator, body = payload.partition(SEPARATOR)
        if not separator:
            raise MalformedAnswer("eight NUL bytes are missing behind the metadata of the answer")
        answer = prelude(metadata)
        return UrlAnswer(answer.status, answer.headers, body)
    try:
        return whole(payload)
    except MalformedAnswer:
        return plain(content_type, payload)


def plain(content_type: str, body: bytes = b"") -> UrlAnswer:
    """A body that is passed on as it is, with the content type the function gave its stream."""
    headers = ((b"Content-Type", _value("Content-Type", content_type)),)
    return UrlAnswer(200, headers, body)


def _head(formatted: _Formatted) -> tuple[int, Headers]:
    lines = list(_header_lines(formatted.headers))
    if all(name.lower() != b"content-type" for name, _ in lines):
        lines.insert(0, _JSON)
    cookies = formatted.cookies
    if cookies is not None:
        if not isinstance(cookies, list) or not all(isinstance(cookie, str) for cookie in cookies):
            raise MalformedAnswer("cookies is not a list of texts")
        lines.extend((b"Set-Cookie", _value("cookies", cookie)) for cookie in cookies)
    if sum(len(name) + len(value) for name, value in lines) > MAX_URL_HEAD_BYTES:
        raise MalformedAnswer(f"headers and cookies are larger than {MAX_URL_HEAD_BYTES} bytes")
    return _status(formatted.status_code), tuple(lines)


def _status(value: Any) -> int:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if _STATUS.fullmatch(text) is None:
        raise MalformedAnswer(f"statusCode {text[:100] or type(value).__name__} is none from 200 to 599")
    return int(text)


def _header_lines(headers: Any) -> Headers:
    if headers is None:
        return ()
    if not isinstance(headers, dict):
        raise MalformedAnswer("headers is not an object")
    found = []
    for name, value in headers.items():
        lower = name.lower()
        if value is None or lower in _DROPPED:
            continue
        if lower.startswith("x-amzn-remapped-") or _NAME.fullmatch(name) is None:
            raise MalformedAnswer(f"a header cannot be named {name[:100]!r}")
        sent = f"x-amzn-Remapped-{name}" if lower in _REMAPPED else name
        found.append((sent.encode(), _value(name, value)))
    return tuple(found)


def _value(name: str, value: Any) -> bytes:
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, int | float):
        value = str(value)
    if not isinstance(value, str):
        raise MalformedAnswer(f"the value of {name[:100]!r} is no text")
    if _CONTROL.search(value) is not None:
        raise MalformedAnswer(f"the value of {name[:100]!r} has control characters in it")
    return value.encode()


def _body(formatted: _Formatted) -> bytes:
    body = bytes(formatted.body)
    if body == b"null":
        return b""
    text = _text(body)
    if formatted.is_base64_encoded is not True:
        return text
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise MalformedAnswer("isBase64Encoded is true and the body is no base64") from None


def _text(json: bytes) -> bytes:
    """A JSON string as its text, anything else as JSON without blanks."""
    if json.lstrip()[:1] == b'"':
        return _string(json).encode()
    compact = msgspec.json.format(json, indent=-1)
    if not compact.isascii():
        compact.decode()
    return compact
