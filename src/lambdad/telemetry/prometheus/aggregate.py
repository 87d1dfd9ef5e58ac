"""What is counted of invocations: by function, and by stage of their path.

Before: whoever sees invocations end. After: a scrape. The number of functions that have series of their own
is bounded; the others are counted together as `_other`, so that sums stay true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from lambdad.domain.limits import DURATION_BOUNDS_S
from lambdad.domain.outcome import Status
from lambdad.domain.scope import Scope
from lambdad.telemetry.prometheus.family import Family, Kind, Labels, Sample
from lambdad.telemetry.prometheus.histogram import Histogram, together

OTHER: Final = "_other"
"""Stands for every function that has no series of its own."""

RESOLVE, ASSIGN, INIT, RUN, ANSWER = "resolve", "assign", "init", "run", "answer"
STAGES: Final = (RESOLVE, ASSIGN, INIT, RUN, ANSWER)
"""In order: looking the function up when no call had done so before; waiting for an environment; its Init;
the event in the environment, extensions included; of that, extensions that go on after the answer. Admission
has no stage: who is not admitted at once is refused at once."""

_FAILED: Final = (Status.ERROR, Status.TIMEOUT, Status.FAILURE)


class Finished(NamedTuple):
    """An invocation that is over.

    Attributes:
        duration_ms: as reported, without Init.
        billed_ms: as billed.
        init_ms: None unless it was the first of its environment.
        waited_ms: for an environment.
        overhead_ms: of `duration_ms`, what extensions took after the answer.
        restored: it was the first of an environment made from a snapshot.
    """

    scope: Scope
    function: str
    status: Status
    duration_ms: float
    billed_ms: int
    init_ms: float | None
    waited_ms: float
    overhead_ms: float
    restored: bool


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
        for one in records:
            self.of(one.scope, one.function).ran(*one[2:8], restored=one.restored)

    def labels_of(self, scope: Scope | None, function: str) -> Labels:
        """Under which name a function is told of; None is one that nobody knows."""
        return self._other.labels if scope is None else self.of(scope, function).labels

    def summed(
        self, kind: Kind, name: str, what: str, values: Iterable[tuple[Scope | None, str, Labels, float]]
    ) -> Family:
        """A family of what is counted elsewhere: scope, function, further labels and value of each."""
        sums: dict[Labels, float] = {}
        for scope, function, further, value in values:
            labels = (*self.labels_of(scope, function), *further)
            sums[labels] = sums.get(labels, 0) + value
        return Family(name, kind, what, tuple(Sample(labels, value) for labels, value in sums.items()))

    def families(self) -> list[Family]:
        """Everything counted up to now."""
        counts = list(self._functions.values())
        if any(self._other.by_status.values()):
            counts.append(self._other)

        def each(value: Callable[[FunctionCounts], float]) -> tuple[Sample, ...]:
            return tuple(Sample(one.labels, value(one)) for one in counts)

        def spread(value: Callable[[FunctionCounts], Histogram]) -> tuple[Sample, ...]:
            return tuple(Sample(one.labels, value(one).now()) for one in counts)

        by_status = tuple(
            Sample((*one.labels, ("status", status.value)), one.by_status[status])
            for one in counts
            for status in Status
        )
        spent = {stage: found.now() for stage, found in self.stages.items()}
        everyone = [*self._functions.values(), self._other]
        spent[RUN] = together(one.duration for one in everyone)
        spent[INIT] = together(one.init for one in everyone)
        stages = tuple(Sample((("stage", stage),), spent[stage]) for stage in STAGES)
        return [
            Family("lambdad_function_invocations", Kind.COUNTER, _INVOCATIONS, by_status),
            Family("lambdad_function_errors", Kind.COUNTER, _ERRORS, each(_errors)),
            Family("lambdad_function_cold_starts", Kind.COUNTER, _COLD, each(lambda one: one.cold)),
            Family(
                "lambdad_function_billed_seconds",
                Kind.COUNTER,
                _BILLED,
                each(lambda one: one.billed_ms / 1000),
            ),
            _histogram("lambdad_function_duration_seconds", _DURATION, spread(lambda one: one.duration)),
            _histogram("lambdad_function_init_duration_seconds", _INIT, spread(lambda one: one.init)),
            _histogram("lambdad_invocation_stage_seconds", _STAGE, stages),
        ]


_INVOCATIONS: Final = "Invocations that ran to their end, by how they ended."
_ERRORS: Final = "Invocations that did not end with success."
_COLD: Final = "Invocations that were the first of their environment."
_BILLED: Final = "Billed duration, Init included."
_DURATION: Final = "Duration as reported, without Init."
_INIT: Final = "Init of environments that an invocation used."
_STAGE: Final = "Time that invocations spent in each stage of their path."


def _errors(one: FunctionCounts) -> int:
    return sum(one.by_status[status] for status in _FAILED)


def _histogram(name: str, what: str, samples: tuple[Sample, ...]) -> Family:
    return Family(name, Kind.HISTOGRAM, what, samples, bounds=DURATION_BOUNDS_S)
