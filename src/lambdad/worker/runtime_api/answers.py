"""What the Runtime API answers, as bytes made once.

Source: spec of the Runtime API (statuses, error types and texts of AWS's emulator).
"""

from __future__ import annotations

import json

from lambdad.domain.limits import MAX_SYNC_RESPONSE_BYTES


def answer_of(status: str, body: bytes, headers: str = "") -> bytes:
    """A whole JSON answer; `headers` are further lines, each with its end."""
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def error_answer(status: str, error_type: str, message: str) -> bytes:
    """An error in the form of all of a sandbox's APIs."""
    body = json.dumps({"errorMessage": message, "errorType": error_type}, separators=(",", ":"))
    return answer_of(status, body.encode() + b"\n")


def _last(status: str, text: str) -> bytes:
    """The answer to what is not HTTP as it should be; the connection ends with it."""
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(text)}\r\n"
        f"Connection: close\r\n\r\n{text}"
    ).encode()


ACCEPTED = answer_of("202 Accepted", b'{"status":"OK"}\n')
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
PONG = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 4\r\n\r\npong"
INVALID_REQUEST_ID = error_answer("400 Bad Request", "InvalidRequestID", "Invalid request ID")
INVALID_RESPONSE_MODE = error_answer(
    "400 Bad Request", "InvalidFunctionResponseMode", "Invalid function response mode"
)
TOO_LARGE = error_answer(
    "413 Request Entity Too Large",
    "RequestEntityTooLarge",
    f"Exceeded maximum allowed payload size ({MAX_SYNC_RESPONSE_BYTES} bytes).",
)
NOT_FOUND = (
    b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: 19\r\n\r\n404 page not found\n"
)
RESTORED = answer_of("200 OK", b"")
UNKNOWN_TOKEN = (
    b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 46\r\n\r\n"
    b"cannot get credentials for the provided token\n"
)
BAD_REQUEST = _last("400 Bad Request", "400 Bad Request")
NO_HOST = _last("400 Bad Request", "400 Bad Request: missing required Host header")
HEAD_TOO_LARGE = _last("431 Request Header Fields Too Large", "431 Request Header Fields Too Large")
TOO_MANY_CONNECTIONS = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
TOO_MUCH_HELD = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def method_not_allowed(allowed: bytes) -> bytes:
    """405 for a path that takes another method."""
    return b"HTTP/1.1 405 Method Not Allowed\r\nAllow: " + allowed + b"\r\nContent-Length: 0\r\n\r\n"


def invalid_transition(source: str, target: str) -> bytes:
    """403 for a call that the runtime's state does not allow."""
    text = (
        f"State transition from {source} to {target} failed for runtime. "
        "Error: State transition is not allowed"
    )
    return error_answer("403 Forbidden", "InvalidStateTransition", text)
