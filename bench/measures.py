"""The measures by name, in the order they run: the short ones first."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bench import (
    measure_buckets,
    measure_burst,
    measure_cli,
    measure_cold,
    measure_control,
    measure_density,
    measure_events,
    measure_freeze,
    measure_kafka,
    measure_logs,
    measure_measuring,
    measure_memory,
    measure_metrics,
    measure_paths,
    measure_payload,
    measure_queues,
    measure_signatures,
    measure_snapstart,
    measure_start,
    measure_stream,
    measure_streams,
    measure_sustained,
    measure_warm,
)
from bench.plan import Run
from bench.results import Measure

_MEASURES: Mapping[Measure, Callable[[Run], None]] = {
    Measure.START: measure_start.measure,
    Measure.CLI: measure_cli.measure,
    Measure.WARM: measure_warm.measure,
    Measure.COLD: measure_cold.measure,
    Measure.PATHS: measure_paths.measure,
    Measure.CONTROL: measure_control.measure,
    Measure.METRICS: measure_metrics.measure,
    Measure.SUSTAINED: measure_sustained.measure,
    Measure.SNAPSTART: measure_snapstart.measure,
    Measure.MEMORY: measure_memory.measure,
    Measure.PAYLOAD: measure_payload.measure,
    Measure.FREEZE: measure_freeze.measure,
    Measure.SIGNATURES: measure_signatures.measure,
    Measure.STREAM: measure_stream.measure,
    Measure.BURST: measure_burst.measure,
    Measure.DENSITY: measure_density.measure,
    Measure.EVENTS: measure_events.measure,
    Measure.MEASURING: measure_measuring.measure,
    Measure.LOGS: measure_logs.measure,
    Measure.QUEUES: measure_queues.measure,
    Measure.STREAMS: measure_streams.measure,
    Measure.KAFKA: measure_kafka.measure,
    Measure.BUCKETS: measure_buckets.measure,
}


def measure_all(run: Run) -> None:
    """Run the measures asked for; values and failures gather in `run.results`."""
    for measure, take in _MEASURES.items():
        if measure in run.measures:
            take(run)
