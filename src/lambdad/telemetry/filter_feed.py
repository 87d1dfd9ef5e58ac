"""Shows the filters of a group every event that is stored in it, and carries away what comes of it.

Before: the log store tells of each batch that is on disk. After: metrics, and events for functions. Patterns
are matched in a thread of its own, in rounds; a round begins a while after the last one, so that a loop of
functions and filters turns no faster than that. What waits is bounded: beyond that, events are left out and
counted.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from lambdad.domain.limits import LOG_FILTER_PACE_S, MAX_FILTER_BACKLOG_BYTES
from lambdad.domain.log_filter import GroupFilters, MetricFilter, SubscriptionFilter
from lambdad.domain.metric import Datum
from lambdad.domain.scope import Scope
from lambdad.ports.clock import Clock
from lambdad.ports.log_store import LogStore, StoredEvent
from lambdad.ports.metric_store import MetricSink
from lambdad.telemetry.filter_book import FilterBook, Group
from lambdad.telemetry.log_text import written
from lambdad.telemetry.measuring import Defaults, SeriesBound, measured
from lambdad.telemetry.patterns.compiling import Pattern, compile_pattern
from lambdad.telemetry.subscription_events import events_for

_log = logging.getLogger("lambdad.logs")
_EVENT_BYTES: Final = 200  # roughly what an event costs besides its text
_SLICE: Final = 64  # events matched before the interpreter is given to the event loop
_YIELD_S: Final = 0.000_05
_LOOK_S: Final = 1.0  # how often it is looked whether a minute is over

Deliver = Callable[[Scope, str, str, bytes], Awaitable[None]]
"""Queues an event for a function: scope and name of the log group, ARN of the function, the event."""


class Message(NamedTuple):
    """An event for a function."""

    scope: Scope
    group: str
    destination: str
    body: bytes


@dataclass(slots=True)
class Round:
    """What came of one round."""

    data: list[Datum] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    seen: list[tuple[Scope, str, MetricFilter, bool]] = field(default_factory=list)
    left_out: int = 0


class Compiled(NamedTuple):
    """The filters of a group with their patterns."""

    metrics: tuple[tuple[MetricFilter, Pattern], ...]
    subscriptions: tuple[tuple[SubscriptionFilter, Pattern], ...]


class FilterFeed:
    """Runs filters; `start` it once.

    Args:
        store: tells of events.
        book: the filters.
        clock: for minutes.
        deliver: brings events to functions; what it raises is logged.
        metrics: where measurements go; None where nobody keeps them.
        pace_s: from one round to the next.
    """

    def __init__(
        self,
        store: LogStore,
        book: FilterBook,
        clock: Clock,
        deliver: Deliver,
        metrics: MetricSink | None = None,
        pace_s: float = LOG_FILTER_PACE_S,
    ) -> None:
        self._store = store
        self._book = book
        self._clock = clock
        self._deliver = deliver
        self._metrics = metrics
        self._pace_s = pace_s
        self._leave: dict[Group, Callable[[], None]] = {}
        self._compiled: dict[Group, Compiled] = {}
        self._waiting: dict[Group, list[StoredEvent]] = {}
        self._held_bytes = 0
        self._left_out = 0
        self._wake = asyncio.Event()
        self._stop = asyncio.Event()
        self._defaults = Defaults()
        self._series = SeriesBound()
        self._matcher: ThreadPoolExecutor | None = None
        self._task: asyncio.Task[None] | None = None
        book.changed = self.changed

    def changed(self, scope: Scope, group: str) -> None:
        """The filters of a group are others now."""
        key = (scope, group)
        filters = self._book.of(scope, group)
        if filters.metrics or filters.subscriptions:
            self._compiled[key] = compiled(filters)
            if key not in self._leave:
                self._leave[key] = self._store.subscribe(scope, group, lambda events: self._take(key, events))
            if self._task is None:
                self._task = asyncio.get_running_loop().create_task(self._run(), name="log-filters")
        else:
            self._compiled.pop(key, None)
            leave = self._leave.pop(key, None)
            if leave is not None:
                leave()

    async def close(self) -> None:
        """Match all that has been written, carry away what comes of it, and end."""
        if self._task is not None:
            await self._store.flush()
            self._stop.set()
            self._wake.set()
            await self._task
            self._task = None
        for leave in self._leave.values():
            leave()
        self._leave.clear()
        if self._matcher is not None:
            self._matcher.shutdown()

    def _take(self, key: Group, events: Sequence[StoredEvent]) -> None:
        size = sum(len(event.message) + _EVENT_BYTES for event in events)
        if self._held_bytes + size > MAX_FILTER_BACKLOG_BYTES:
            self._left_out += len(events)
        else:
            self._held_bytes += size
            self._waiting.setdefault(key, []).extend(events)
        self._wake.set()

    async def _run(self) -> None:
        while not self._stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _LOOK_S if self._defaults.is_owing else None)
            self._wake.clear()
            await self._guarded_round()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), self._pace_s)
        await self._guarded_round()

    async def _guarded_round(self) -> None:
        try:
            await self._round()
        except Exception:  # noqa: BLE001 - or no filter would ever see an event again
            _log.exception("log filters failed", extra={"event": "logs.filters"})

    async def _round(self) -> None:
        waiting, self._waiting, self._held_bytes = self._waiting, {}, 0
        work = [
            (key, self._compiled[key], events) for key, events in waiting.items() if key in self._compiled
        ]
        now_ms = int(self._clock.now() * 1000)
        if work:
            if self._matcher is None:
                self._matcher = ThreadPoolExecutor(1, "lambdad-log-filters")
            done = await asyncio.get_running_loop().run_in_executor(self._matcher, matched, work)
        else:
            done = Round()
        data = self._series.kept(done.data, now_ms) + self._defaults.due(now_ms)
        for scope, group, each, has_matched in done.seen:
            self._defaults.saw(scope, group, each, now_ms, matched=has_matched)
        self._tell_left_out(done.left_out)
        if self._metrics is not None and data:
            self._metrics.put(data)
        for message in done.messages:
            await self._send(message)

    async def _send(self, message: Message) -> None:
        try:
            await self._deliver(*message)
        except Exception as error:  # noqa: BLE001 - the next function is not to blame
            _log.warning(
                "log events of %s were not sent to %s: %s",
                message.group,
                message.destination,
                error,
                extra={"event": "logs.not_sent"},
            )

    def _tell_left_out(self, too_large: int) -> None:
        count, self._left_out = self._left_out + too_large, 0
        if count:
            _log.warning(
                "%d log event(s) passed filters by: too many or too large",
                count,
                extra={"event": "logs.filters_behind", "events": count},
            )


def compiled(filters: GroupFilters) -> Compiled:
    """Filters with their patterns."""
    return Compiled(
        tuple((each, compile_pattern(each.pattern)) for each in filters.metrics),
        tuple((each, compile_pattern(each.pattern)) for each in filters.subscriptions),
    )


def matched(work: Sequence[tuple[Group, Compiled, Sequence[StoredEvent]]]) -> Round:
    """What comes of events; runs in a thread, and lets the event loop in between."""
    done = Round()
    for (scope, group), filters, stored in work:
        events = [written(event) for event in stored]
        for metric, pattern in filters.metrics:
            found = _matching(pattern, events)
            done.seen.append((scope, group, metric, bool(found)))
            data = (measured(scope, metric, pattern, event) for event in found)
            done.data.extend(datum for datum in data if datum is not None)
        for subscription, pattern in filters.subscriptions:
            streams: dict[str, list[StoredEvent]] = {}
            for event in _matching(pattern, events):
                streams.setdefault(event.stream, []).append(event)
            for stream, found in streams.items():
                for told in events_for(scope, group, stream, subscription.name, pattern, found):
                    done.left_out += told.left_out
                    if told.body is not None:
                        done.messages.append(Message(scope, group, subscription.destination, told.body))
    return done


def _matching(pattern: Pattern, events: Sequence[StoredEvent]) -> list[StoredEvent]:
    found: list[StoredEvent] = []
    for begin in range(0, len(events), _SLICE):
        found += [event for event in events[begin : begin + _SLICE] if pattern.matches(event.message)]
        time.sleep(_YIELD_S)
    return found
