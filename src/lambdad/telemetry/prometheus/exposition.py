"""Families as text: the format of Prometheus, and OpenMetrics for who asks for it; pure.

Source: prometheus.io, "Exposition formats" (text 0.0.4); OpenMetrics 1.0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Final

from lambdad.telemetry.prometheus.aggregate import Labels
from lambdad.telemetry.prometheus.family import Buckets, Family, Kind, Sample

TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
OPEN_METRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_OPEN: Final = "application/openmetrics-text"


def wants_open_metrics(accept: str) -> bool:
    """Whether an `Accept` header names OpenMetrics, and does not refuse it."""
    for each in accept.split(","):
        kind, *parameters = [part.strip().lower() for part in each.split(";")]
        if kind == _OPEN:
            return not any(
                one.replace(" ", "") in {"q=0", "q=0.0", "q=0.00", "q=0.000"} for one in parameters
            )
    return False


def exposition(families: Iterable[Family], *, open_metrics: bool = False) -> Iterator[str]:
    """The text in pieces, one a family, so that whoever writes it can pause in between."""
    for family in families:
        yield "".join(_family(family, open_metrics=open_metrics))
    if open_metrics:
        yield "# EOF\n"


def _family(family: Family, *, open_metrics: bool) -> Iterator[str]:
    is_counter = family.kind is Kind.COUNTER
    of_series = f"{family.name}_total" if is_counter else family.name
    told = family.name if open_metrics else of_series
    yield f"# HELP {told} {_help(family.what, quotes=open_metrics)}\n# TYPE {told} {family.kind}\n"
    for sample in family.samples:
        if isinstance(sample.value, Buckets):
            yield from _histogram(family, sample, sample.value)
        else:
            yield f"{of_series}{_braced(_labels(sample.labels))} {number(sample.value)}\n"


def _histogram(family: Family, sample: Sample, buckets: Buckets) -> Iterator[str]:
    name, labels = family.name, _labels(sample.labels)
    before = f"{labels}," if labels else ""
    so_far = 0
    for bound, count in zip((*family.bounds, math.inf), buckets.counts, strict=True):
        so_far += count
        yield f'{name}_bucket{{{before}le="{number(float(bound))}"}} {so_far}\n'
    inside = _braced(labels)
    yield f"{name}_sum{inside} {number(buckets.total)}\n{name}_count{inside} {so_far}\n"


def number(value: float) -> str:
    """A number as both formats write it."""
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "+Inf" if value > 0 else "-Inf"
    return repr(value)


def _labels(labels: Labels) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)


def _braced(labels: str) -> str:
    return f"{{{labels}}}" if labels else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _help(text: str, *, quotes: bool) -> str:
    return _escaped(text) if quotes else text.replace("\\", "\\\\").replace("\n", "\\n")
