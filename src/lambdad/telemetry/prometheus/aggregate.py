"""What is counted of invocations: by function, and by stage of their path.

Before: whoever sees invocations end. After: `function_families`, at a scrape. The number of functions that
have series of their own is bounded; the others are counted together as `_other`, so that sums stay true.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lambdad.domain.limits import DURATION_BOUNDS_S
from lambdad.domain.outcome import Status
from lambdad.domain.scope import Scope
from lambdad.telemetry.prometheus.histogram import Histogram

OTHER: Final = "_other"
"""Stands for every function that has no series of its own."""

RESOLVE, ASSIGN, INIT, RUN, ANSWER = "resolve", "assign", "init", "run", "answer"
STAGES: Final = (RESOLVE, ASSIGN, INIT, RUN, ANSWER)
"""In order: looking the function up when no call had done so before; waiting for an environment; its Init;
the event in the environment, extensions included; of that, extensions that go on after the answer. Admission
has no stage: who is not admitted at once is refused at once."""

Labels = tuple[tuple[str, str], ...]
"""Names and values in order."""

Finished = tuple[Scope, str, Status, float, int, float | None, float, float, bool]
"""An invocation that is over.

In order: scope and name of the function; how it ended; duration as reported, without Init, ms; billed, ms;
Init, ms, None unless it was the first of its environment; how long it waited for one, ms; of the duration
what extensions took after the answer, ms; whether it was the first of an environment made from a snapshot.
"""


class FunctionCounts:
    """Of one function, over all its versions and names."""

    __slots__ = ("_assign", "_stages", "billed_ms", "by_status", "cold", "duration", "init", "labels")

    def __init__(self, labels: Labels, stages: dict[str, Histogram]) -> None:
        self.labels = labels
        self._stages = stages
        self._assign = stages[ASSIGN]
        self.by_status = dict.fromkeys(Status, 0)
        self.billed_ms = 0
        self.cold = 0
        self.duration = Histogram(DURATION_BOUNDS_S)
        self.init = Histogram(DURATION_BOUNDS_S)

    def ran(
        self,
        status: Status,
        duration_ms: float,
        billed_ms: int,
        init_ms: float | None,
        waited_ms: float,
        overhead_ms: float,
        *,
        restored: bool = False,
    ) -> None:
        """Count an invocation that is over; see `Finished`."""
        self.by_status[status] += 1
        self.billed_ms += billed_ms
        self.duration.add(duration_ms / 1000)
        self._assign.add(waited_ms / 1000)
        if overhead_ms:
            self._stages[ANSWER].add(overhead_ms / 1000)
        if init_ms is not None:
            self.init.add(init_ms / 1000)
            self.cold += 1
        elif restored:
            self.cold += 1


class Invocations:
    """All functions.

    Args:
        most: functions with series of their own.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.stages = {stage: Histogram(DURATION_BOUNDS_S) for stage in (RESOLVE, ASSIGN, ANSWER)}
        self._functions: dict[tuple[Scope, str], FunctionCounts] = {}
        self._other = FunctionCounts((("account", ""), ("region", ""), ("function", OTHER)), self.stages)

    def of(self, scope: Scope, function: str) -> FunctionCounts:
        """The counts of a function, to be added to."""
        found = self._functions.get((scope, function))
        if found is None:
            if len(self._functions) >= self._most:
                return self._other
            labels = (("account", scope.account), ("region", scope.region), ("function", function))
            found = self._functions[scope, function] = FunctionCounts(labels, self.stages)
        return found

    def take(self, records: Iterable[Finished]) -> None:
        """Count invocations that are over, many at once."""
        for scope, function, status, duration, billed, init, waited, overhead, restored in records:
            counts = self.of(scope, function)
            counts.ran(status, duration, billed, init, waited, overhead, restored=restored)

    def labels_of(self, scope: Scope | None, function: str) -> Labels:
        """Under which name a function is told of; None is one that nobody knows."""
        return self._other.labels if scope is None else self.of(scope, function).labels

    def counted(self) -> list[FunctionCounts]:
        """Every function that has something counted, the others together last."""
        counts = list(self._functions.values())
        if any(self._other.by_status.values()):
            counts.append(self._other)
        return counts
