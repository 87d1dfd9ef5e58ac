"""Families of metrics as values, named after Prometheus's conventions; pure.

Source: prometheus.io, "Metric and label naming": base units, a prefix, `_total` for what only grows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from lambdad.telemetry.prometheus.aggregate import Labels


class Kind(StrEnum):
    """What a family is."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Buckets(NamedTuple):
    """A histogram at one moment.

    Attributes:
        counts: values by bucket, not summed up; one more than there are bounds.
        total: sum of all values.
    """

    counts: tuple[int, ...]
    total: float


class Sample(NamedTuple):
    """One series at one moment."""

    labels: Labels
    value: float | Buckets


@dataclass(frozen=True, slots=True)
class Family:
    """Series of one name.

    Attributes:
        name: without `_total`, which formats add to counters.
        what: one sentence.
        bounds: upper bounds of a histogram's buckets, each included; empty for anything else.
    """

    name: str
    kind: Kind
    what: str
    samples: Sequence[Sample]
    bounds: tuple[float, ...] = ()


def gauge(name: str, what: str, value: float, labels: Labels = ()) -> Family:
    """A family of one gauge."""
    return Family(name, Kind.GAUGE, what, (Sample(labels, value),))


def counter(name: str, what: str, value: float, labels: Labels = ()) -> Family:
    """A family of one counter."""
    return Family(name, Kind.COUNTER, what, (Sample(labels, value),))


def by(kind: Kind, name: str, what: str, label: str, values: Sequence[tuple[str, float]]) -> Family:
    """A family with one label."""
    return Family(name, kind, what, tuple(Sample(((label, word),), value) for word, value in values))
