"""From what was measured to what is charged for.

Invocations come added up; what is charged by time (provisioned concurrency, kept snapshots) is metered at
every look. Before: `measured_books`. After: a usage store.

Source: AWS Lambda pricing page: duration with Init and extensions, storage of `/tmp` beyond 512 MB,
provisioned concurrency "from the time you enable it … rounded up to the nearest five minutes", snapshots "as
long as your function version is active".
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from lambdad.domain.function import FunctionVersion
from lambdad.domain.limits import FREE_EPHEMERAL_MIB, PROVISIONED_STEP_S
from lambdad.domain.measured import ProvidedPeak
from lambdad.domain.usage import Amounts, Usage, UsageKey
from lambdad.telemetry.lambda_metrics.tally import MINUTE_MS, Tallies, Tally

_MS = 1000


def usage_of(tallies: Tallies) -> list[Usage]:
    """What invocations used."""
    return [
        (_key(target.version, minute * MINUTE_MS), _amounts(target.version, tally))
        for (target, minute), tally in tallies.items()
    ]


def _amounts(version: FunctionVersion, tally: Tally) -> Amounts:
    beyond_mib = max(0, version.ephemeral_mib - FREE_EPHEMERAL_MIB)
    return Amounts(
        requests=tally.count,
        billed_ms=tally.billed_ms,
        provisioned_ms=tally.provisioned_ms,
        storage_mib_ms=beyond_mib * (tally.billed_ms + tally.provisioned_ms),
        streamed_bytes=tally.streamed_bytes,
        restores=tally.restores,
    )


class Meter:
    """Charges by time.

    Args:
        now_ms: when it begins, by a clock that never jumps.
    """

    def __init__(self, now_ms: int) -> None:
        self._looked_ms = now_ms
        self._provided: dict[tuple[object, ...], tuple[FunctionVersion, int, int]] = {}

    def look(
        self,
        provided: Iterable[ProvidedPeak],
        kept: Iterable[FunctionVersion],
        *,
        steady_ms: int,
        now_ms: int,
    ) -> list[Usage]:
        """What was used since the last look.

        Args:
            provided: versions with provisioned concurrency.
            kept: versions of which a snapshot is kept.
            steady_ms: now, by a clock that never jumps.
            now_ms: now, since the epoch.
        """
        passed_ms, self._looked_ms = steady_ms - self._looked_ms, steady_ms
        found = [(_key(version, now_ms), Amounts(cached_ms=passed_ms)) for version in kept]
        before, self._provided = self._provided, {}
        for version, limit, *_ in provided:
            if limit:
                name = (version.scope, version.name, version.version)
                _, counted_ms, _limit = before.pop(name, (version, 0, limit))
                self._provided[name] = (version, counted_ms + passed_ms, limit)
                found.append((_key(version, now_ms), Amounts(allocated_ms=limit * passed_ms)))
        found += [
            (_key(version, now_ms), Amounts(allocated_ms=limit * lacking_ms(counted_ms)))
            for version, counted_ms, limit in before.values()
        ]
        return found


def lacking_ms(counted_ms: int) -> int:
    """What is lacking of a whole number of five minutes."""
    return -counted_ms % (PROVISIONED_STEP_S * _MS)


def _key(version: FunctionVersion, at_ms: int) -> UsageKey:
    scope = version.scope
    day = datetime.fromtimestamp(at_ms / _MS, UTC).date().isoformat()
    return UsageKey(
        scope.account,
        scope.region,
        version.name,
        version.version,
        version.architecture,
        version.memory_mib,
        day,
    )
