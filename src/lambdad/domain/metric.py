"""Metrics as CloudWatch knows them: a series is a namespace, a name and dimensions; data are numbers in it.

Pure values. Before: whoever measures makes `Datum`s. After: a metric store adds them up by minute.

Source: CloudWatch documentation, "Metrics concepts".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lambdad.domain.scope import Scope

Dimensions = tuple[tuple[str, str], ...]
"""(name, value) pairs in order of name; empty for the account as a whole."""


@dataclass(frozen=True, slots=True)
class MetricKey:
    """One series; two that differ in any dimension are two series, as on AWS."""

    scope: Scope
    namespace: str
    name: str
    dimensions: Dimensions = ()


class Datum(NamedTuple):
    """Numbers measured at one time.

    Attributes:
        key: the series.
        at_ms: since the epoch.
        values: what was measured; of a set of statistics the least and the greatest.
        counts: how often each of `values` was measured; empty: once each.
        total: the sum of a set of statistics whose single values nobody knows; None: that of `values`.
        samples: how many values such a set stands for; None: as many as `counts` say.
        unit: CloudWatch's word (``Count``, ``Milliseconds`` …).
        is_fine: whether it is kept by second (``StorageResolution`` 1) rather than by minute.
    """

    key: MetricKey
    at_ms: int
    values: Sequence[float]
    counts: Sequence[float] = ()
    total: float | None = None
    samples: float | None = None
    unit: str = "None"
    is_fine: bool = False


def dimensions(**named: str) -> Dimensions:
    """Dimensions in the order in which a `MetricKey` has them."""
    return tuple(sorted(named.items()))
