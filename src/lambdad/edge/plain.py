"""Answers to what never became a request of a service, as bytes made once."""

from __future__ import annotations

from lambdad.domain.limits import MAX_CREATE_REQUEST_BYTES


def _answer(status: str, error_type: str, message: str) -> bytes:
    body = f'{{"message":"{message}"}}'.encode()
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nx-amzn-ErrorType: {error_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode() + body


CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
BAD_REQUEST = _answer("400 Bad Request", "BadRequestException", "Bad request: not HTTP/1.1.")
HEAD_TOO_LARGE = _answer(
    "431 Request Header Fields Too Large",
    "RequestHeaderSectionTooLargeException",
    "Request line and headers must be smaller than 65536 bytes.",
)
BODY_TOO_LARGE = _answer(
    "413 Request Entity Too Large",
    "RequestEntityTooLargeException",
    f"Request must be smaller than {MAX_CREATE_REQUEST_BYTES} bytes for the CreateFunction operation",
)
REQUEST_TIMEOUT = _answer(
    "408 Request Timeout", "RequestTimeoutException", "The request was not sent within 30 seconds."
)
TOO_MANY_CONNECTIONS = _answer(
    "503 Service Unavailable",
    "ServiceUnavailableException",
    "Too many connections; close some and try again.",
)
TOO_MUCH_AT_ONCE = _answer(
    "503 Service Unavailable",
    "ServiceUnavailableException",
    "Too many large requests at once; try again.",
)
