"""What was counted of invocations, as families; read at a scrape, and imported by the first of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from lambdad.domain.limits import DURATION_BOUNDS_S
from lambdad.domain.outcome import Status
from lambdad.domain.scope import Scope
from lambdad.telemetry.prometheus.aggregate import INIT, RUN, STAGES, FunctionCounts, Invocations, Labels
from lambdad.telemetry.prometheus.family import Buckets, Family, Kind, Sample
from lambdad.telemetry.prometheus.histogram import Histogram

_FAILED: Final = (Status.ERROR, Status.TIMEOUT, Status.FAILURE)

Elsewhere = tuple[Scope | None, str, Labels, float]
"""Scope, function, further labels and value of something that is counted elsewhere."""


def summed(invocations: Invocations, kind: Kind, name: str, what: str, values: Iterable[Elsewhere]) -> Family:
    """A family of what is counted elsewhere, under the same names of functions."""
    sums: dict[Labels, float] = {}
    for scope, function, further, value in values:
        labels = (*invocations.labels_of(scope, function), *further)
        sums[labels] = sums.get(labels, 0) + value
    return Family(name, kind, what, tuple(Sample(labels, value) for labels, value in sums.items()))


def function_families(invocations: Invocations) -> list[Family]:
    """Everything counted up to now."""
    counts = invocations.counted()

    def counted(name: str, what: str, value: Callable[[FunctionCounts], float]) -> Family:
        return Family(name, Kind.COUNTER, what, tuple(Sample(one.labels, value(one)) for one in counts))

    def spread(name: str, what: str, value: Callable[[FunctionCounts], Histogram]) -> Family:
        return _histogram(name, what, [Sample(one.labels, _now(value(one))) for one in counts])

    by_status = tuple(
        Sample((*one.labels, ("status", status.value)), one.by_status[status])
        for one in counts
        for status in Status
    )
    return [
        Family(
            "lambdad_function_invocations",
            Kind.COUNTER,
            "Invocations that ran to their end, by how they ended.",
            by_status,
        ),
        counted("lambdad_function_errors", "Invocations that did not end with success.", _errors),
        counted(
            "lambdad_function_cold_starts",
            "Invocations that were the first of their environment.",
            lambda one: one.cold,
        ),
        counted(
            "lambdad_function_billed_seconds",
            "Billed duration, Init included.",
            lambda one: one.billed_ms / 1000,
        ),
        spread(
            "lambdad_function_duration_seconds",
            "Duration as reported, without Init.",
            lambda one: one.duration,
        ),
        spread(
            "lambdad_function_init_duration_seconds",
            "Init of environments that an invocation used.",
            lambda one: one.init,
        ),
        _stages(invocations, counts),
    ]


def _stages(invocations: Invocations, counts: list[FunctionCounts]) -> Family:
    spent = {stage: _now(found) for stage, found in invocations.stages.items()}
    spent[RUN] = _together(one.duration for one in counts)
    spent[INIT] = _together(one.init for one in counts)
    return _histogram(
        "lambdad_invocation_stage_seconds",
        "Time that invocations spent in each stage of their path.",
        [Sample((("stage", stage),), spent[stage]) for stage in STAGES],
    )


def _errors(one: FunctionCounts) -> int:
    return sum(one.by_status[status] for status in _FAILED)


def _histogram(name: str, what: str, samples: list[Sample]) -> Family:
    return Family(name, Kind.HISTOGRAM, what, tuple(samples), bounds=DURATION_BOUNDS_S)


def _now(histogram: Histogram) -> Buckets:
    return Buckets(tuple(histogram.counts), histogram.total)


def _together(histograms: Iterable[Histogram]) -> Buckets:
    """Several as one."""
    found = [Histogram(DURATION_BOUNDS_S), *histograms]
    counts = tuple(map(sum, zip(*(one.counts for one in found), strict=True)))
    return Buckets(counts, sum(one.total for one in found))
