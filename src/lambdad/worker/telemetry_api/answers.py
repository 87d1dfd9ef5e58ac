"""What a call of the Telemetry or Logs API is answered with.

Source: AWS's developer guide ("Lambda Telemetry API reference", "Lambda Logs API": 200 ``"OK"``, 400 with
``ValidationError`` and all that is wrong in one sentence) and AWS's emulator (403 after Init).
"""

from __future__ import annotations

import json

TELEMETRY = "telemetry"
LOGS = "logs"


def _answer(status: str, body: bytes) -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )


def _error(status: str, error_type: str, message: str) -> bytes:
    body = json.dumps({"errorMessage": message, "errorType": error_type}, separators=(",", ":"))
    return _answer(status, body.encode() + b"\n")


OK = _answer("200 OK", b'"OK"')


def invalid(api: str, problems: list[str]) -> bytes:
    """400: every problem of a subscription."""
    error_type = "ValidationError" if api == TELEMETRY else "Logs.ValidationError"
    return _error("400 Bad Request", error_type, "; ".join(problems))


def closed(api: str) -> bytes:
    """403: Init is over."""
    name = api.capitalize()
    return _error("403 Forbidden", f"{name}.SubscriptionClosed", f"{name} API subscription is closed already")
