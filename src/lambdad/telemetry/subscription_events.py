"""The events that a subscribed function is sent: pure.

Source: CloudWatch Logs user guide, "Subscription filters with AWS Lambda"; Lambda developer guide, "Using
Lambda with CloudWatch Logs" (the decoded message); fields that a pattern names as AWS's blueprints read them.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from lambdad.domain.limits import MAX_ASYNC_REQUEST_BYTES, MAX_SUBSCRIPTION_BYTES, MAX_SUBSCRIPTION_EVENTS
from lambdad.domain.scope import Scope
from lambdad.ports.log_store import StoredEvent
from lambdad.telemetry.log_tokens import event_id_text
from lambdad.telemetry.patterns.compiling import Pattern

_LEVEL: Final = 6
_encode = msgspec.json.Encoder().encode


class Told(NamedTuple):
    """An event for a function, ready to be queued; `left_out` log events were too large for one."""

    body: bytes | None
    left_out: int


def events_for(
    scope: Scope, group: str, stream: str, name: str, pattern: Pattern, events: Sequence[StoredEvent]
) -> Iterator[Told]:
    """The events that tell of log events of one stream, as few as fit.

    `name` is the subscription filter's, `pattern` what they matched; it may name fields in them.
    """
    for part in _parts(events):
        yield from _told((scope, group, stream, name), pattern, part)


def _told(
    where: tuple[Scope, str, str, str], pattern: Pattern, events: Sequence[StoredEvent]
) -> Iterator[Told]:
    """What does not fit all the same, because it cannot be compressed, is halved."""
    body = _body(where, pattern, events)
    if len(body) <= MAX_ASYNC_REQUEST_BYTES:
        yield Told(body, 0)
    elif len(events) == 1:
        yield Told(None, 1)
    else:
        middle = len(events) // 2
        yield from _told(where, pattern, events[:middle])
        yield from _told(where, pattern, events[middle:])


def _body(where: tuple[Scope, str, str, str], pattern: Pattern, events: Sequence[StoredEvent]) -> bytes:
    scope, group, stream, name = where
    message = {
        "messageType": "DATA_MESSAGE",
        "owner": scope.account,
        "logGroup": group,
        "logStream": stream,
        "subscriptionFilters": [name],
        "logEvents": [_event(event, pattern) for event in events],
    }
    data = base64.b64encode(gzip.compress(_encode(message), _LEVEL, mtime=0))
    return b'{"awslogs":{"data":"%s"}}' % data


def _event(event: StoredEvent, pattern: Pattern) -> dict[str, object]:
    shown: dict[str, object] = {
        "id": event_id_text(event.event_id),
        "timestamp": event.timestamp_ms,
        "message": event.message,
    }
    fields = pattern.extracted(event.message)
    if fields:
        shown["extractedFields"] = {name.removeprefix("$"): text for name, text in fields.items()}
    return shown


def _parts(events: Sequence[StoredEvent]) -> Iterator[Sequence[StoredEvent]]:
    begin = size = 0
    for index, event in enumerate(events):
        length = len(event.message.encode("utf-8", "replace"))
        is_full = size + length > MAX_SUBSCRIPTION_BYTES or index - begin >= MAX_SUBSCRIPTION_EVENTS
        if is_full and index > begin:
            yield events[begin:index]
            begin, size = index, 0
        size += length
    if begin < len(events):
        yield events[begin:]
