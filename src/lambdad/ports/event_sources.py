"""Mappings at work, as the control plane sees them, and what does the work for one of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from lambdad.domain.event_source_mapping import EventSourceMapping
from lambdad.domain.event_sources import SourceKind
from lambdad.domain.function import FunctionVersion
from lambdad.domain.scope import Scope


@dataclass(slots=True)
class EventCounts:
    """Events of a mapping since its polling began, by AWS's metrics of the groups EventCount and ErrorCount.

    Each attempt to call counts its events as invoked, and as failed when it did.

    Attributes:
        committed: of Kafka, those behind the offset that the group keeps.
        polling_errors: attempts to read, or to reach what is read, that failed.
        invoke_errors: calls that failed, or did in part.
        commit_errors: offsets that could not be kept.
    """

    polled: int = 0
    filtered_out: int = 0
    invoked: int = 0
    failed_invoke: int = 0
    deleted: int = 0
    dropped: int = 0
    delivered_on_failure: int = 0
    committed: int = 0
    polling_errors: int = 0
    invoke_errors: int = 0
    commit_errors: int = 0


@dataclass(frozen=True, slots=True)
class PartReport:
    """What a poller does with one shard or partition.

    Attributes:
        name: the shard's ID, or topic and partition.
        state: ``reading``, ``waiting`` for the shards it came from, or ``ended``.
        position: of the last record that is settled: its sequence number or offset; None before the first.
        behind_ms: age of what is read now, as the source says; None when it does not.
        waiting: records behind the position, about; None when nobody can tell.
        events_per_s: as in `PollerReport`.
    """

    name: str
    state: str
    position: str | None = None
    behind_ms: int | None = None
    waiting: int | None = None
    events_per_s: float = 0.0


@dataclass(frozen=True, slots=True)
class PollerReport:
    """What a poller is doing.

    Attributes:
        result: as in `LastProcessingResult`: ``OK``, or ``PROBLEM: …``; None before anything was read.
        running: calls under way.
        allowed: calls that may be under way at once now.
        events_per_s: events that calls ended well with, over the last seconds.
        began_s: when polling began, of a clock that never jumps; None when it has not.
        parts: by shard or partition, where there are such.
    """

    result: str | None = None
    running: int = 0
    allowed: int = 0
    events_per_s: float = 0.0
    began_s: float | None = None
    counts: EventCounts = field(default_factory=EventCounts)
    parts: tuple[PartReport, ...] = ()


@dataclass(frozen=True, slots=True)
class StartFrom:
    """Where to read from.

    Attributes:
        position: AWS's word, ``TRIM_HORIZON``, ``LATEST`` or ``AT_TIMESTAMP``.
        at_s: with ``AT_TIMESTAMP``, seconds since the epoch; None otherwise.
    """

    position: str
    at_s: float | None = None


class Poller(Protocol):
    """Reads the source of one mapping and calls its function."""

    def start(self) -> None:
        """Begin; trouble with the source is told by `report` and tried again, for ever."""
        ...

    async def stop(self, *, at_once: bool = False) -> None:
        """Begin no further read, and return when what was read is settled.

        `at_once` breaks off reads that wait for events: what comes then may be given again much later.
        """
        ...

    def function_changed(self) -> None:
        """The function is another now, or gone, or back."""
        ...

    def report(self) -> PollerReport:
        """What it is doing."""
        ...

    async def lag(self) -> int | None:
        """How many events wait in the source, about; None when nobody can tell."""
        ...


class PollerMaker(Protocol):
    """Makes pollers of one kind of source."""

    def poller(self, scope: Scope, mapping: EventSourceMapping) -> Poller:
        """One that has not begun."""
        ...

    def not_polled(self) -> str | None:
        """Why no source of the kind can be polled, as a sentence; None when they can."""
        ...

    async def admit(self, scope: Scope, mapping: EventSourceMapping, version: FunctionVersion) -> None:
        """Refuse a mapping whose source does not exist, may not be read, or does not suit its function.

        Raises:
            InvalidParameter: in AWS's words.
        """
        ...

    async def forget(self, scope: Scope, mapping: EventSourceMapping) -> None:
        """Keep nothing of a mapping that is gone; no poller of it runs."""
        ...

    async def reset(self, scope: Scope, mapping: EventSourceMapping, start: StartFrom) -> None:
        """Read from there on, whatever was read before; no poller of it runs.

        Raises:
            InvalidParameter: sources of the kind, or this one, cannot be read from there.
        """
        ...


class EventSources(Protocol):
    """What the control plane has to know of polling."""

    def not_polled(self, kind: SourceKind) -> str | None:
        """Why sources of a kind are not polled, as a sentence; None when they are."""
        ...

    async def admit(self, scope: Scope, mapping: EventSourceMapping, version: FunctionVersion) -> None:
        """See `PollerMaker.admit`.

        Raises:
            InvalidParameter: in AWS's words.
        """
        ...

    def changed(self, scope: Scope, uuid: str) -> None:
        """A mapping was made, changed or is to be removed; what follows happens in the background."""
        ...

    def last_result(self, uuid: str) -> str | None:
        """How the last of its events went; None while nothing was read."""
        ...
