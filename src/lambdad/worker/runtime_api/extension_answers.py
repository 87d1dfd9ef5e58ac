"""What the Extensions API answers, as bytes.

Source: spec of the Runtime API §3; statuses and texts of AWS's emulator.
"""

from __future__ import annotations

import uuid

from lambdad.domain.limits import MAX_EXTENSIONS
from lambdad.worker.runtime_api.answers import answer_of, error_answer
from lambdad.worker.runtime_api.wire import header

ACCEPTED = answer_of("202 Accepted", b'{"status":"OK"}\n')
_FORBIDDEN = "403 Forbidden"

NO_NAME = error_answer(_FORBIDDEN, "Extension.InvalidExtensionName", "Empty extension name")
DEPRECATED_KEYS = error_answer(
    _FORBIDDEN, "InvalidRequestFormat", "configurationKeys are deprecated; use environment variables instead"
)
ALREADY_REGISTERED = error_answer(
    _FORBIDDEN, "Extension.InvalidExtensionState", "Extension with this name already registered"
)
UNKNOWN_IDENTIFIER = error_answer(
    _FORBIDDEN, "Extension.UnknownExtensionIdentifier", "Unknown Lambda-Extension-Identifier"
)
REGISTRATION_CLOSED = error_answer(
    _FORBIDDEN, "Extension.RegistrationClosed", "Extension registration closed already"
)
TOO_MANY = error_answer(
    _FORBIDDEN, "Extension.TooManyExtensions", f"Extension limit ({MAX_EXTENSIONS}) reached"
)
NO_IDENTIFIER = error_answer(
    _FORBIDDEN, "Extension.MissingExtensionIdentifier", "Missing Lambda-Extension-Identifier header"
)
INVALID_IDENTIFIER = error_answer(
    _FORBIDDEN, "Extension.InvalidExtensionIdentifier", "Invalid Lambda-Extension-Identifier"
)
NO_ERROR_TYPE = error_answer(
    _FORBIDDEN, "Extension.MissingHeader", "Lambda-Extension-Function-Error-Type not found"
)


def bad_format(problem: str) -> bytes:
    """The body of a registration is not what it should be."""
    return error_answer(_FORBIDDEN, "InvalidRequestFormat", problem)


def invalid_event_type(event: str, problem: str = "ErrorInvalidEventType") -> bytes:
    """The extension may not register for this event."""
    return error_answer(_FORBIDDEN, "Extension.InvalidEventType", f"{event}: {problem}")


def invalid_state(source: str, target: str, name: str) -> bytes:
    """The extension's state does not allow the call."""
    text = (
        f"State transition from {source} to {target} failed for extension {name}. "
        "Error: State transition is not allowed"
    )
    return error_answer(_FORBIDDEN, "Extension.InvalidExtensionState", text)


def identifier_of(head: bytes) -> str | bytes:
    """The identifier a call carries in its canonical form, or the answer to a call without one."""
    given = header(head, b"lambda-extension-identifier")
    if not given:
        return NO_IDENTIFIER
    try:
        return str(uuid.UUID(given.decode("ascii")))
    except ValueError:
        return INVALID_IDENTIFIER


def of_unknown(head: bytes, *, is_next: bool = True) -> bytes:
    """The answer to a caller that nobody knows; `next` names it, the other calls do not."""
    identifier = identifier_of(head)
    if isinstance(identifier, bytes):
        return identifier
    if not is_next:
        return UNKNOWN_IDENTIFIER
    return error_answer(_FORBIDDEN, "Extension.UnknownExtensionIdentifier", f"Unknown extension {identifier}")


def registered(identifier: str, body: bytes) -> bytes:
    """The extension is known from now on by `identifier`."""
    return answer_of("200 OK", body, f"Lambda-Extension-Identifier: {identifier}\r\n")


def event_parts(event_id: str, body: bytes) -> tuple[bytes, bytes]:
    """Head and body of an event."""
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        f"Lambda-Extension-Event-Identifier: {event_id}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode(), body


def event(event_id: str, body: bytes) -> bytes:
    """An event as the answer of the `next` that asks for it."""
    return b"".join(event_parts(event_id, body))
