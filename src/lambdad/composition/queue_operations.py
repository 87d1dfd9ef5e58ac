"""What `/lambdad/v1/queue` answers: what is queued and owed, and what people may do with it; beyond AWS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from lambdad.composition.asked.queries import limit_of
from lambdad.domain.arn import FunctionReference, parse_function
from lambdad.domain.errors import InvalidParameter, NotFound
from lambdad.domain.event import Lane
from lambdad.domain.http import Request
from lambdad.edge.operations import Operation
from lambdad.events.policies import CataloguePolicies
from lambdad.events.policy import Gone
from lambdad.events.poller import Policies
from lambdad.events.queue import EventQueue, GlimpseReport, LaneReport, OwedReport
from lambdad.events.redriving import Redriver
from lambdad.frontend.invoke import Frontend
from lambdad.neighbours.dead_letter_queues import SqsDeadLetters
from lambdad.neighbours.service_calls import ServiceCalls
from lambdad.ports.catalogue_store import CatalogueStore
from lambdad.ports.clock import Clock

_MOST: Final = 1_000
"""Queues, and targets, told at once."""
_MOST_EVENTS: Final = 100


@dataclass(frozen=True, slots=True)
class QueueOperations:
    """The handlers; each sees the caller's account and region."""

    queue: EventQueue
    policies: Policies
    redriver: Redriver

    @property
    def operations(self) -> Mapping[str, Operation]:
        """Handlers by ``METHOD name``."""
        return {
            "GET queue": self.show,
            "GET queue/events": self.events,
            "POST queue/pause": self.pause,
            "POST queue/resume": self.resume,
            "POST queue/purge": self.purge,
            "POST queue/redrive": self.redrive,
        }

    async def show(self, request: Request) -> Mapping[str, object]:
        """What is queued, by function and qualifier, and what is owed, by target."""
        limit = limit_of(request, _MOST, _MOST)
        scope = request.caller.scope
        lanes = [one for one in await self.queue.report() if one.backlog.lane.scope == scope]
        owed = [one for one in await self.queue.owed_report() if one.owed.scope == scope]
        lanes.sort(key=lambda one: (one.backlog.lane.function, one.backlog.lane.qualifier or ""))
        return {
            "queues": [_lane(one) for one in lanes[:limit]],
            "owed": [_owed(one) for one in owed[:limit]],
            "total": {"queues": len(lanes), "owed": len(owed)},
        }

    async def events(self, request: Request) -> Mapping[str, object]:
        """The first events of a queue, as they are due."""
        limit = limit_of(request, _MOST_EVENTS, _MOST_EVENTS)
        name = dict(request.query).get("function")
        if name is None:
            raise InvalidParameter("function must be name, name:qualifier or ARN.")
        lane = await self._known(_lane_named(name, request))
        found = await self.queue.first(lane, limit)
        return {**_named(lane), "events": [_glimpse(one) for one in found]}

    async def pause(self, request: Request) -> Mapping[str, object]:
        """Start nothing of a queue until it is resumed, over restarts."""
        lane = await self._existing(request)
        await self.queue.pause(lane, paused=True)
        return {**_named(lane), "paused": True}

    async def resume(self, request: Request) -> Mapping[str, object]:
        """Go on with a queue."""
        lane = await self._known(_lane_of(request))
        await self.queue.pause(lane, paused=False)
        return {**_named(lane), "paused": False}

    async def purge(self, request: Request) -> Mapping[str, object]:
        """Remove what is queued and not under way; nobody is told of it."""
        lane = await self._known(_lane_of(request))
        return {**_named(lane), "purged": await self.queue.purge(lane)}

    async def redrive(self, request: Request) -> Mapping[str, object]:
        """Queue again what is in the dead-letter queue."""
        lane = _lane_of(request)
        return {**_named(lane), **asdict(await self.redriver.redrive(lane))}

    async def _existing(self, request: Request) -> Lane:
        """The queue that a request names.

        Raises:
            NotFound: there is no such function, version or alias.
        """
        lane = _lane_of(request)
        if isinstance(await self.policies(lane), Gone):
            raise _not_found(lane)
        return lane

    async def _known(self, lane: Lane) -> Lane:
        """A queue that is there; what is queued or paused counts when its function is gone.

        Raises:
            NotFound: nothing of it is there.
        """
        if not isinstance(await self.policies(lane), Gone):
            return lane
        if all(one.backlog.lane != lane for one in await self.queue.report()):
            raise _not_found(lane)
        return lane


def queue_operations(
    queue: EventQueue, catalogue: CatalogueStore, calls: ServiceCalls, frontend: Frontend, clock: Clock
) -> QueueOperations:
    """The handlers with what they need."""
    policies = CataloguePolicies(catalogue)
    letters = SqsDeadLetters(calls)
    return QueueOperations(
        queue, policies, Redriver(queue.accept, policies, letters, frontend.new_trace, clock)
    )


def _lane_of(request: Request) -> Lane:
    """The queue that the body names.

    Raises:
        InvalidParameter: the body names none.
        CallerError: the name is wrong; in AWS's words.
    """
    try:
        name = json.loads(request.body)["function"]
    except (ValueError, KeyError, TypeError, RecursionError):
        name = None
    if not isinstance(name, str):
        raise InvalidParameter('The body must be {"function": "name, name:qualifier or ARN"}.')
    return _lane_named(name, request)


def _lane_named(name: str, request: Request) -> Lane:
    scope = request.caller.scope
    reference = parse_function(name, scope)
    return Lane(scope, reference.name, reference.qualifier)


def _not_found(lane: Lane) -> NotFound:
    return NotFound(f"Function not found: {FunctionReference(lane.function, lane.qualifier).arn(lane.scope)}")


def _named(lane: Lane) -> dict[str, object]:
    return {"function": lane.function, "qualifier": lane.qualifier}


def _lane(report: LaneReport) -> Mapping[str, object]:
    backlog = report.backlog
    return {
        **_named(backlog.lane),
        "events": backlog.events,
        "running": report.running,
        "paused": backlog.paused,
        "throttled_s": _rounded(report.throttled_s),
        "oldest_s": _rounded(report.age_s),
        "next_attempt_s": _rounded(report.next_attempt_s),
        "since_start": asdict(report.counts),
    }


def _glimpse(report: GlimpseReport) -> Mapping[str, object]:
    event = report.event
    return {
        "request_id": event.request_id,
        "accepted_ms": event.accepted_ms,
        "age_s": _rounded(report.age_s),
        "attempts": event.attempts,
        "refusals": event.refusals,
        "next_attempt_s": _rounded(report.next_attempt_s),
    }


def _owed(report: OwedReport) -> Mapping[str, object]:
    owed = report.owed
    return {
        "target": owed.target,
        "messages": owed.messages,
        "attempts": owed.attempts,
        "next_attempt_s": _rounded(report.next_attempt_s),
        "last_error": report.last_error,
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
