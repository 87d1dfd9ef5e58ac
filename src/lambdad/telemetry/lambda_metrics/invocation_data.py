"""From what was measured to the metrics of ``AWS/Lambda``; pure.

A success counts 0 in `Errors`, and what ran 0 in `Throttles`, so that the averages of these are rates. Times
are those at which the function was invoked. Source: Lambda developer guide, "Types of metrics for Lambda
functions".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from lambdad.domain.event import Lane
from lambdad.domain.function import FunctionVersion
from lambdad.domain.measured import Measured, Noted, Peaks, ProvidedPeak, RoutePeak
from lambdad.domain.metric import Dimensions
from lambdad.domain.scope import Scope
from lambdad.telemetry.lambda_metrics.series import (
    MILLISECONDS,
    Gathered,
    of_function,
    of_lane,
    rounded,
)
from lambdad.telemetry.lambda_metrics.tally import MINUTE_MS, Named, Tally

_TIMES = frozenset({Measured.ASYNC_AGE, Measured.URL_LATENCY, Measured.ITERATOR_AGE})
_ACCOUNT: tuple[Dimensions, ...] = ((),)


def gather_invocations(into: Gathered, tallies: Named) -> None:
    """Count invocations."""
    for (target, minute, is_provided), tally in tallies.items():
        version = target.version
        lane = _lane(target.invoked_arn, version)
        places = of_lane(lane, version.version)
        _gather(into, tally, lane, places, minute * MINUTE_MS, is_provided=is_provided)


def _gather(
    into: Gathered,
    tally: Tally,
    lane: Lane,
    places: Iterable[Dimensions],
    at_ms: int,
    *,
    is_provided: bool,
) -> None:
    scope, count = lane.scope, tally.count
    into.add(scope, "Invocations", places, at_ms, {1.0: count})
    into.add(scope, "Errors", places, at_ms, _both(tally.errors, count))
    into.add(scope, Measured.THROTTLES, places, at_ms, {0.0: count})
    into.add(scope, "Duration", places, at_ms, rounded(tally.durations_ms), MILLISECONDS)
    if tally.overheads_ms:
        overheads = rounded(tally.overheads_ms)
        into.add(scope, "PostRuntimeExtensionsDuration", places, at_ms, overheads, MILLISECONDS)
    if tally.provisioned:
        into.add(scope, "ProvisionedConcurrencyInvocations", places, at_ms, {1.0: tally.provisioned})
    spilled = count - tally.provisioned
    if is_provided and spilled:
        into.add(scope, "ProvisionedConcurrencySpilloverInvocations", places, at_ms, {1.0: spilled})


def gather_noted(into: Gathered, noted: Iterable[Noted]) -> None:
    """Count everything else."""
    for what, lane, version, at_ms, value in noted:
        places = of_lane(lane, version)
        minute_ms = at_ms // MINUTE_MS * MINUTE_MS
        if what in _TIMES:
            into.add(lane.scope, what, places, minute_ms, rounded([value]), MILLISECONDS)
        else:
            into.add(lane.scope, what, places, minute_ms, {value: 1})


def gather_peaks(into: Gathered, peaks: Peaks, now_ms: int, *, quiet: bool) -> None:
    """Count how much ran at once.

    Args:
        into: the series.
        peaks: what was seen.
        now_ms: when, since the epoch.
        quiet: whether what is allocated and unused is told of, too; once a minute is enough.
    """
    at_ms = now_ms // MINUTE_MS * MINUTE_MS
    for (scope, place), most in _by_name(peaks.routes).items():
        into.add(scope, "ConcurrentExecutions", (place,), at_ms, {float(most): 1})
    for scope, function, most in peaks.functions:
        into.add(scope, "ConcurrentExecutions", (of_function(function),), at_ms, {float(most): 1})
    for scope, most, unreserved, allocated in peaks.scopes:
        if most or quiet:
            into.add(scope, "ConcurrentExecutions", _ACCOUNT, at_ms, {float(most): 1})
            into.add(scope, "UnreservedConcurrentExecutions", _ACCOUNT, at_ms, {float(unreserved): 1})
            claimed = float(unreserved + allocated)
            into.add(scope, "ClaimedAccountConcurrency", _ACCOUNT, at_ms, {claimed: 1})
    for peak in peaks.provided:
        if peak.limit and (peak.most or quiet):
            _gather_provided(into, peak, at_ms)


def _gather_provided(into: Gathered, peak: ProvidedPeak, at_ms: int) -> None:
    version, most = peak.version, peak.most
    scope, name = version.scope, version.name
    places: dict[Dimensions, None] = {}
    for qualifier in (version.version, *peak.aliases):
        places |= dict.fromkeys(of_lane(Lane(scope, name, qualifier), version.version))
    into.add(scope, "ProvisionedConcurrentExecutions", places, at_ms, {float(most): 1})
    into.add(scope, "ProvisionedConcurrencyUtilization", places, at_ms, {most / peak.limit: 1})


def _by_name(routes: Iterable[RoutePeak]) -> Counter[tuple[Scope, Dimensions]]:
    """Tenants, and the versions of an alias, have routes of their own under one name."""
    found: Counter[tuple[Scope, Dimensions]] = Counter()
    for lane, version, most in routes:
        _, _, *places = of_lane(lane, version)
        for place in places:
            found[lane.scope, place] += most
    return found


def _both(ones: int, count: int) -> dict[float, int]:
    found = {0.0: count - ones, 1.0: ones}
    return {value: times for value, times in found.items() if times}


def _lane(invoked_arn: str, version: FunctionVersion) -> Lane:
    """The name a function was called by."""
    is_qualified = invoked_arn.count(":") > _COLONS
    return Lane(version.scope, version.name, invoked_arn.rpartition(":")[2] if is_qualified else None)


_COLONS = 6
"""In the ARN of a function without a qualifier."""
