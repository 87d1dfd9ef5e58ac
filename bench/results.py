"""What a run has seen: values by key, and failures in words. Nothing is averaged before it is written."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum


class Measure(StrEnum):
    """The parts of the bench, as `--only` names them."""

    WARM = "warm"
    COLD = "cold"
    PATHS = "paths"
    SUSTAINED = "sustained"
    SNAPSTART = "snapstart"
    MEMORY = "memory"
    START = "start"
    PAYLOAD = "payload"
    FREEZE = "freeze"
    SIGNATURES = "signatures"
    STREAM = "stream"
    BURST = "burst"
    DENSITY = "density"
    CLI = "cli"
    CONTROL = "control"
    METRICS = "metrics"
    EVENTS = "events"
    MEASURING = "measuring"
    LOGS = "logs"
    QUEUES = "queues"
    STREAMS = "streams"
    KAFKA = "kafka"
    BUCKETS = "buckets"


def p99(values: Sequence[float]) -> float:
    """The value that 99 of 100 do not exceed; of fewer than a hundred, the highest."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]


@dataclass(frozen=True, slots=True)
class Key:
    """What a value is of.

    `function`, `memory_mib` and `connections` are None where they mean nothing; the unit is in `metric`.
    """

    measure: Measure
    subject: str
    metric: str
    function: str | None = None
    memory_mib: int | None = None
    connections: int | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that was to be measured and could not be."""

    measure: str
    subject: str
    what: str
    reason: str


@dataclass(slots=True)
class Results:
    """Collects values and failures while a run goes on."""

    values: dict[Key, list[float]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)

    def add(self, key: Key, value: float) -> None:
        """Keep one more value."""
        self.values.setdefault(key, []).append(value)

    def fail(self, measure: str, subject: str, what: str, reason: object) -> None:
        """Keep a failure once; a repeated one says nothing new."""
        text = " ".join(str(reason).split())[:400] or type(reason).__name__
        seen = any((f.measure, f.subject, f.what) == (measure, subject, what) for f in self.failures)
        if not seen:
            self.failures.append(Failure(measure, subject, what, text))

    def failed(self, measure: str, subject: str, what: str) -> bool:
        """Say whether this has failed before, so that it is not tried every round."""
        return any((f.measure, f.subject, f.what) == (measure, subject, what) for f in self.failures)

    def median(self, key: Key) -> float | None:
        """Give the median of the values of a key; None when there is none."""
        values = self.values.get(key)
        return statistics.median(values) if values else None

    def keys(self, measure: Measure) -> Iterator[Key]:
        """Give the keys of one measure in the order of their first value."""
        return (key for key in self.values if key.measure is measure)

    def as_json(self) -> dict[str, object]:
        """Give everything as plain data: every single value, and medians beside them."""
        figures = [
            {**asdict(key), "median": statistics.median(values), "values": values}
            for key, values in self.values.items()
        ]
        return {"figures": figures, "failures": [asdict(failure) for failure in self.failures]}
