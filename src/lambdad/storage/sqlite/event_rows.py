"""Rows of the queue's file, and how an event shows that it is what was stored."""

from __future__ import annotations

import json
import zlib
from typing import Any

from lambdad.domain.event import Delivery, Event, Lane
from lambdad.domain.scope import Scope

DUE, _PAYLOAD = 1, 8  # of the columns of an event that is claimed


def checksum(request_id: str, payload: bytes) -> int:
    """Of what a function sees of an event: SQLite keeps no sums of its pages."""
    return zlib.crc32(payload, zlib.crc32(request_id.encode()))


def holds(request_id: object, payload: object, check: int | None) -> bool:
    """Whether an event is what was stored; one stored without a sum is taken to be."""
    if check is None:
        return True
    return (
        isinstance(request_id, str) and isinstance(payload, bytes) and checksum(request_id, payload) == check
    )


def lane_of(row: tuple[int, str, str, str, str, int]) -> Lane:
    """The lane of a row."""
    _, account, region, function, qualifier, _ = row
    return Lane(Scope(account, region), function, qualifier or None)


def columns_of(event: Event) -> tuple[object, ...]:
    """The columns of an event, but for its id and lane."""
    numbers = (event.due_ms, event.accepted_ms, event.attempts, event.refusals)
    words = (event.request_id, event.trace, event.tenant)
    return (*numbers, *words, event.payload, checksum(event.request_id, event.payload))


def rows_of(listed: str) -> list[Any]:
    """Rows of events, from JSON with payloads as hexadecimal digits, in the order in which they are due."""
    rows = json.loads(listed)
    for row in rows:
        row[_PAYLOAD] = bytes.fromhex(row[_PAYLOAD])
    rows.sort(key=_due)
    return rows  # type: ignore[no-any-return]


def _due(row: Any) -> tuple[int, int]:
    return row[DUE], row[0]


def event_of(lane: Lane, row: Any) -> Event | None:
    """The event of a row; None when it is not what was stored."""
    event_id, due_ms, accepted_ms, attempts, refusals, request_id, trace, tenant, payload, check = row
    if not holds(request_id, payload, check):
        return None
    return Event(lane, request_id, payload, trace, accepted_ms, due_ms, attempts, refusals, event_id, tenant)


def delivery_of(row: Any) -> Delivery:
    """The delivery of a row."""
    number, account, region, due_ms, attempts, target, arn, request_id, trace, attributes, body, role = row
    return Delivery(
        Scope(account, region),
        target,
        body,
        arn,
        request_id,
        trace,
        due_ms,
        tuple((name, kind, value) for name, kind, value in json.loads(attributes)),
        attempts,
        number,
        role,
    )
