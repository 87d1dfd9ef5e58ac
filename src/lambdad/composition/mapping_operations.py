"""What `/lambdad/v1/mappings` answers: event source mappings at work and reset; beyond AWS."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final

from lambdad.domain.errors import InvalidParameter, NotFound
from lambdad.domain.event_source_mapping import MAPPINGS, EventSourceMapping, place_of
from lambdad.domain.http import Request
from lambdad.domain.resource import ACCOUNT
from lambdad.edge.operations import Operation
from lambdad.ports.clock import Clock
from lambdad.ports.event_sources import PollerReport, StartFrom
from lambdad.ports.resource_store import ResourceStore
from lambdad.sources.manager import StateManager

_PAGE: Final = 100
_MOST: Final = 1_000
"""Mappings told at once; who has more looks by function with AWS's own operations."""

_IDLE: Final = PollerReport()
_PLACES: Final = {"trim-horizon": "TRIM_HORIZON", "latest": "LATEST"}
_FORM: Final = 'The body must be {"uuid": "…", "to": "trim-horizon", "latest" or an ISO time}.'


@dataclass(frozen=True, slots=True)
class MappingOperations:
    """The handlers; each sees the caller's account and region."""

    manager: StateManager
    resources: ResourceStore
    clock: Clock

    @property
    def operations(self) -> Mapping[str, Operation]:
        """Handlers by ``METHOD name``."""
        return {"GET mappings": self.show, "POST mappings/reset": self.reset}

    async def show(self, request: Request) -> Mapping[str, object]:
        """Every mapping, with its state, its last result, its source and how fast it is."""
        scope, found = request.caller.scope, list[EventSourceMapping]()
        place = place_of(scope, "")
        while len(found) < _MOST:
            page = await self.resources.page(MAPPINGS, scope, function=ACCOUNT, after=place, limit=_PAGE)
            found += [one.value for one in page]
            if len(page) < _PAGE:
                break
            place = page[-1].place
        reports = dict(self.manager.reports())
        lags = await asyncio.gather(*(self.manager.lag(one.uuid) for one in found))
        now_s = self.clock.monotonic()
        shown = [
            _shown(one, reports.get(one.uuid, _IDLE), lag, now_s, self.manager)
            for one, lag in zip(found, lags, strict=True)
        ]
        return {"mappings": shown}

    async def reset(self, request: Request) -> Mapping[str, object]:
        """Have a mapping read its source from somewhere else on: ``uuid`` and ``to`` of the body."""
        uuid, to = _asked(request.body)
        start, scope = _start(to, self.clock.now()), request.caller.scope
        mapping = await self.resources.read(MAPPINGS, place_of(scope, uuid))
        if mapping is None:
            raise NotFound("The resource you requested does not exist.")
        await self.manager.reset(mapping, scope, start)
        return {"uuid": uuid, "to": to}


def _asked(body: bytes) -> tuple[str, str]:
    """Which mapping, and from where.

    Raises:
        InvalidParameter: it says something else.
    """
    try:
        given = json.loads(body)
        uuid, to = given["uuid"], given["to"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InvalidParameter(_FORM) from None
    if not isinstance(uuid, str) or not isinstance(to, str):
        raise InvalidParameter(_FORM)
    return uuid, to


def _start(to: str, now_s: float) -> StartFrom:
    """Where to read from.

    Raises:
        InvalidParameter: it is no place, or a time to come.
    """
    if to in _PLACES:
        return StartFrom(_PLACES[to])
    try:
        moment = datetime.fromisoformat(to)
    except ValueError:
        raise InvalidParameter(_FORM) from None
    at_s = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not 0 <= at_s <= now_s:
        raise InvalidParameter(f"{to} is no time in the past.")
    return StartFrom("AT_TIMESTAMP", at_s)


def _shown(
    mapping: EventSourceMapping, report: PollerReport, lag: int | None, now_s: float, manager: StateManager
) -> Mapping[str, object]:
    since_s = None if report.began_s is None else max(now_s - report.began_s, 0.001)
    reason = manager.not_polled(mapping.kind) if mapping.is_wanted else None
    return {
        "uuid": mapping.uuid,
        "kind": mapping.kind.value,
        "source": mapping.source_arn or ",".join(sorted(mapping.servers)),
        "function": mapping.function_arn,
        "state": mapping.state.value,
        "not_polled": reason,
        "last_result": report.result,
        "waiting": lag,
        "running": report.running,
        "allowed": report.allowed,
        "events_per_s": round(report.events_per_s, 1),
        "since_s": None if since_s is None else round(since_s, 3),
        "counts": asdict(report.counts),
        "parts": [asdict(part) | {"events_per_s": round(part.events_per_s, 1)} for part in report.parts],
    }
