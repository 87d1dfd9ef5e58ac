"""Live Tail: a stream of log events as they are stored.

Lines are sent at once, but no two updates of them within a moment, and an update at least every second. What
a client that reads slowly has not taken is bounded; the oldest go, and the update says that it is a sample.

Source: CloudWatch Logs API and model, StartLiveTail.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import Any, Final

from lambdad.domain.errors import InvalidCombination, InvalidParameter, QuotaExceeded
from lambdad.domain.http import Request
from lambdad.domain.limits import (
    LIVE_TAIL_GATHER_S,
    LIVE_TAIL_PERIOD_S,
    MAX_LIVE_TAIL_BACKLOG,
    MAX_LIVE_TAIL_BACKLOG_BYTES,
    MAX_LIVE_TAIL_EVENTS,
    MAX_LIVE_TAIL_S,
    MAX_LIVE_TAIL_SESSIONS,
    MAX_LIVE_TAIL_UPDATE_BYTES,
)
from lambdad.domain.request_ids import Ids
from lambdad.domain.scope import Scope
from lambdad.ports.clock import Clock
from lambdad.ports.log_store import LogStore, StoredEvent
from lambdad.telemetry.log_names import NO_GROUP, group_arn, group_of_identifier
from lambdad.telemetry.log_text import written
from lambdad.telemetry.patterns.compiling import Pattern, compile_pattern

Params = dict[str, Any]
Update = Mapping[str, Any]
_TIMED_OUT: Final = "The Live Tail session has been open for three hours and is over."
_EVENT_BYTES: Final = 200  # roughly what an event costs besides its text
_STOPPING: Final = "The server is shutting down."


class LiveTails:
    """The handler of StartLiveTail, and the sessions that are open.

    Args:
        store: tells of events.
        clock: ends sessions.
        period_s: an update is sent at least so often.
    """

    def __init__(self, store: LogStore, clock: Clock, period_s: float = LIVE_TAIL_PERIOD_S) -> None:
        self._store = store
        self._clock = clock
        self._period_s = period_s
        self._ids = Ids()
        self._sessions: set[Session] = set()

    async def start(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Open a session; what is stored from now on is in it."""
        scope = request.caller.scope
        groups = await self._groups(params, scope)
        wanted = Wanted(params)
        if sum(session.scope == scope for session in self._sessions) >= MAX_LIVE_TAIL_SESSIONS:
            raise QuotaExceeded("Resource limit exceeded.")
        session = Session(scope, groups, wanted, self._store, self._clock, self._period_s)
        self._sessions.add(session)
        begin = {
            "requestId": request.request_id,
            "sessionId": self._ids.request_id(),
            "logGroupIdentifiers": params["logGroupIdentifiers"],
            "logStreamNames": params.get("logStreamNames") or [],
            "logStreamNamePrefixes": params.get("logStreamNamePrefixes") or [],
            "logEventFilterPattern": params.get("logEventFilterPattern", ""),
        }
        return {"responseStream": self._events(session, begin)}

    def deleted(self, scope: Scope, group: str) -> None:
        """A group is gone; who follows it is told."""
        for session in self._sessions:
            if session.scope == scope and group in session.groups:
                session.end(NO_GROUP)

    def close(self) -> None:
        """End all sessions."""
        for session in self._sessions:
            session.end(_STOPPING)

    async def _groups(self, params: Params, scope: Scope) -> list[str]:
        if params.get("logStreamNames") and params.get("logStreamNamePrefixes"):
            raise InvalidCombination(
                "logStreamNames and logStreamNamePrefixes are mutually exclusive parameters."
            )
        identifiers = params["logGroupIdentifiers"]
        if len(identifiers) > 1 and (params.get("logStreamNames") or params.get("logStreamNamePrefixes")):
            raise InvalidParameter("Log streams can be named only with a single log group.")
        groups: list[str] = []
        for identifier in identifiers:
            if not identifier.startswith("arn:"):
                raise InvalidParameter(f"'{identifier}' is not the ARN of a log group.")
            name = group_of_identifier(identifier, scope)
            await self._store.group(scope, name)
            groups.append(name)
        return list(dict.fromkeys(groups))

    async def _events(self, session: Session, begin: Mapping[str, Any]) -> AsyncIterator[Mapping[str, Any]]:
        try:
            yield {"sessionStart": begin}
            async for event in session.events():
                yield event
        finally:
            session.close()
            self._sessions.discard(session)


class Wanted:
    """Which events of its groups a session wants."""

    def __init__(self, params: Params) -> None:
        self._names = frozenset(params.get("logStreamNames") or ())
        self._prefixes = tuple(params.get("logStreamNamePrefixes") or ())
        self._pattern: Pattern = compile_pattern(params.get("logEventFilterPattern") or "")

    def is_of(self, stream: str) -> bool:
        """Whether a stream is followed."""
        if self._names:
            return stream in self._names
        return not self._prefixes or stream.startswith(self._prefixes)

    def matches(self, message: str) -> bool:
        """Whether an event with this text is wanted."""
        return self._pattern.matches(message)


class Session:
    """One session: it follows its groups from the moment it is made."""

    def __init__(
        self,
        scope: Scope,
        groups: Sequence[str],
        wanted: Wanted,
        store: LogStore,
        clock: Clock,
        period_s: float,
    ) -> None:
        self._period_s = period_s
        self.scope = scope
        self.groups = frozenset(groups)
        self._wanted = wanted
        self._clock = clock
        self._deadline_s = clock.monotonic() + MAX_LIVE_TAIL_S
        self._waiting: deque[tuple[str, StoredEvent]] = deque()
        self._waiting_bytes = 0
        self._sampled = False
        self._ended: str | None = None
        self._wake = asyncio.Event()
        self._leave = ExitStack()
        for group in groups:
            self._leave.callback(store.subscribe(scope, group, self._taker(group)))

    def end(self, why: str) -> None:
        """Have the stream end with an error."""
        self._ended = why
        self._wake.set()

    def close(self) -> None:
        """Follow nothing any more."""
        self._leave.close()

    async def events(self) -> AsyncIterator[Mapping[str, Any]]:
        """Updates, until the session is over; the last says why."""
        ready: deque[tuple[str, StoredEvent]] = deque()
        loop = asyncio.get_running_loop()
        sent_s, lines_s = loop.time(), -LIVE_TAIL_GATHER_S
        while True:
            if not ready:
                await self._wait(sent_s + self._period_s - loop.time())
                await asyncio.sleep(
                    0 if self._ended else max(0.0, lines_s + LIVE_TAIL_GATHER_S - loop.time())
                )
            raw, sampled = self._take()
            if raw:
                ready.extend(await asyncio.to_thread(self._matching, raw))
            while len(ready) > MAX_LIVE_TAIL_BACKLOG:
                ready.popleft()
                sampled = True
            now_s = loop.time()
            if ready or sampled or now_s - sent_s >= self._period_s:
                page = _page(ready)
                sent_s, lines_s = now_s, now_s if page else lines_s
                yield {"sessionUpdate": self._update(page, sampled=sampled)}
            if self._ended is not None:
                yield {"SessionStreamingException": {"message": self._ended}}
                return
            if self._clock.monotonic() >= self._deadline_s:
                yield {"SessionTimeoutException": {"message": _TIMED_OUT}}
                return

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), max(0.0, seconds))

    def _taker(self, group: str) -> Callable[[list[StoredEvent]], None]:
        def take(events: list[StoredEvent]) -> None:
            for event in events:
                if self._wanted.is_of(event.stream):
                    self._waiting.append((group, event))
                    self._waiting_bytes += len(event.message) + _EVENT_BYTES
            while self._waiting_bytes > MAX_LIVE_TAIL_BACKLOG_BYTES:
                self._waiting_bytes -= len(self._waiting.popleft()[1].message) + _EVENT_BYTES
                self._sampled = True
            if self._waiting:
                self._wake.set()

        return take

    def _take(self) -> tuple[Sequence[tuple[str, StoredEvent]], bool]:
        taken, sampled = self._waiting, self._sampled
        self._waiting, self._waiting_bytes, self._sampled = deque(), 0, False
        if self._ended is None:
            self._wake.clear()
        return taken, sampled

    def _matching(self, raw: Sequence[tuple[str, StoredEvent]]) -> list[tuple[str, StoredEvent]]:
        texts = ((group, written(event)) for group, event in raw)
        return [each for each in texts if self._wanted.matches(each[1].message)]

    def _update(self, page: Sequence[tuple[str, StoredEvent]], *, sampled: bool) -> Update:
        return {
            "sessionMetadata": {"sampled": sampled},
            "sessionResults": [
                {
                    "logStreamName": event.stream,
                    "logGroupIdentifier": group_arn(self.scope, group),
                    "message": event.message,
                    "timestamp": event.timestamp_ms,
                    "ingestionTime": event.ingestion_ms,
                }
                for group, event in page
            ],
        }


def _page(ready: deque[tuple[str, StoredEvent]]) -> list[tuple[str, StoredEvent]]:
    """Take as many events as one update holds, one at least."""
    page: list[tuple[str, StoredEvent]] = []
    room = MAX_LIVE_TAIL_UPDATE_BYTES
    while ready and len(page) < MAX_LIVE_TAIL_EVENTS:
        room -= len(ready[0][1].message)
        if room < 0 and page:
            break
        page.append(ready.popleft())
    return page
