"""Adds up invocations by function, name and minute: what follows costs by function, not by invocation.

Pure. Before: `measured_books` with the tuples of a second. After: `invocation_data` for metrics,
`billing.metering` for what AWS would have charged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lambdad.domain.function import FunctionVersion
from lambdad.domain.invocation import Target
from lambdad.domain.limits import FREE_STREAMED_BYTES
from lambdad.domain.measured import Ran
from lambdad.domain.outcome import Status
from lambdad.domain.platform_events import PROVISIONED

MINUTE_MS = 60_000


class Tally:
    """Invocations of one target that began in one minute.

    Attributes:
        durations_ms: of each, with what extensions took after the answer.
        overheads_ms: of those that had extensions at work after the answer.
        errors: how many failed.
        provisioned: how many ran in provisioned environments.
        billed_ms: of those on demand, restores with hooks included.
        provisioned_ms: billed, of those in provisioned environments.
        restores: how many were the first of a restored environment.
        streamed_bytes: beyond what is free in each.
    """

    __slots__ = (
        *("billed_ms", "durations_ms", "errors", "overheads_ms", "provisioned", "provisioned_ms", "restores"),
        "streamed_bytes",
    )

    def __init__(self) -> None:
        self.durations_ms: list[float] = []
        self.overheads_ms: list[float] = []
        self.errors = 0
        self.provisioned = 0
        self.billed_ms = 0
        self.provisioned_ms = 0
        self.restores = 0
        self.streamed_bytes = 0

    @property
    def count(self) -> int:
        """How many there were."""
        return len(self.durations_ms)

    def merge(self, other: Tally) -> None:
        """Add what metrics are made of; what is charged for has been taken from `other` before."""
        self.durations_ms += other.durations_ms
        self.overheads_ms += other.overheads_ms
        self.errors += other.errors
        self.provisioned += other.provisioned


Tallies = dict[tuple[Target, int], Tally]
"""By target and the minute (since the epoch) in which the event went to the function."""


Named = dict[tuple[Target, int, bool], Tally]
"""The same, and by whether the version had provisioned concurrency: what ran beside it spilled over."""


def merge(into: Named, tallies: Tallies, is_provided: Callable[[FunctionVersion], bool]) -> None:
    """Add tallies, which are nobody else's any more, to those of before."""
    for (target, minute), tally in tallies.items():
        key = (target, minute, is_provided(target.version))
        found = into.get(key)
        if found is None:
            into[key] = tally
        else:
            found.merge(tally)


def add_up(into: Tallies, ran: Iterable[Ran]) -> None:
    """Add invocations to tallies."""
    success = Status.SUCCESS
    for target, began_ms, duration_ms, billed_ms, status, kind, overhead_ms, restore, streamed in ran:
        key = (target, began_ms // MINUTE_MS)
        tally = into.get(key)
        if tally is None:
            tally = into[key] = Tally()
        tally.durations_ms.append(duration_ms)
        if status is not success:
            tally.errors += 1
        if overhead_ms:
            tally.overheads_ms.append(overhead_ms)
        if streamed > FREE_STREAMED_BYTES:
            tally.streamed_bytes += streamed - FREE_STREAMED_BYTES
        if kind == PROVISIONED:
            tally.provisioned += 1
            tally.provisioned_ms += billed_ms
        else:
            tally.billed_ms += billed_ms
        if restore is not None:
            tally.restores += 1
            tally.billed_ms += restore.billed_ms
