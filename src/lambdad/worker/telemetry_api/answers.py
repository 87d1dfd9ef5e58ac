"""What a call of the Telemetry or Logs API is answered with.

Source: AWS's developer guide ("Lambda Telemetry API reference", "Lambda Logs API": 200 ``"OK"``, 400 with
``ValidationError`` and all that is wrong in one sentence) and AWS's emulator (403 after Init).
"""

from __future__ import annotations

from lambdad.worker.runtime_api.answers import answer_of, error_answer

TELEMETRY = "telemetry"
LOGS = "logs"


OK = answer_of("200 OK", b'"OK"')


def invalid(api: str, problems: list[str]) -> bytes:
    """400: every problem of a subscription."""
    error_type = "ValidationError" if api == TELEMETRY else "Logs.ValidationError"
    return error_answer("400 Bad Request", error_type, "; ".join(problems))


def closed(api: str) -> bytes:
    """403: Init is over."""
    name = api.capitalize()
    return error_answer(
        "403 Forbidden", f"{name}.SubscriptionClosed", f"{name} API subscription is closed already"
    )
