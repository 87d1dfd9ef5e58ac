"""What functions used, as AWS would charge for it: whole numbers that add up, by function and day.

Pure values. Before: `telemetry.billing.metering`. After: a usage store, and `telemetry.billing.bill`.

Source: AWS Lambda pricing page (October 2026).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Self


class UsageKey(NamedTuple):
    """Who used something, and when.

    Attributes:
        version: ``$LATEST`` or a number; what an alias led to.
        architecture: ``x86_64`` or ``arm64``.
        day: ``2026-11-27``, UTC.
    """

    account: str
    region: str
    function: str
    version: str
    architecture: str
    memory_mib: int
    day: str


class Amounts(NamedTuple):
    """How much of everything that is charged for.

    Attributes:
        requests: invocations.
        billed_ms: on demand, Init included, each rounded up to 1 ms; at the memory of the key.
        provisioned_ms: the same of invocations in provisioned environments.
        allocated_ms: of provisioned concurrency, used or not: number times time.
        storage_mib_ms: billed time times what `/tmp` may hold beyond 512 MB.
        streamed_bytes: of streamed responses, beyond 6 MB of each.
        cached_ms: how long a snapshot was kept.
        restores: environments restored from a snapshot.
    """

    requests: int = 0
    billed_ms: int = 0
    provisioned_ms: int = 0
    allocated_ms: int = 0
    storage_mib_ms: int = 0
    streamed_bytes: int = 0
    cached_ms: int = 0
    restores: int = 0

    def plus(self, other: Self) -> Amounts:
        """Both together."""
        return Amounts(*(one + more for one, more in zip(self, other, strict=True)))


Usage = tuple[UsageKey, Amounts]


def summed(usages: Iterable[Usage]) -> dict[UsageKey, Amounts]:
    """By key."""
    found: dict[UsageKey, Amounts] = {}
    for key, amounts in usages:
        before = found.get(key)
        found[key] = amounts if before is None else before.plus(amounts)
    return found
