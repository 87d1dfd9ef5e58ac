"""From lines that were put aside to metrics; what breaks the rules is counted.

Before: `watching_sink`. After: the metric store.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from lambdad.domain.metric import Datum, MetricKey
from lambdad.ports.log_store import StreamKey
from lambdad.telemetry.embedded_metrics.document import NotJson, NotValid, data_of
from lambdad.telemetry.embedded_metrics.watching_sink import Waiting

_log = logging.getLogger("lambdad.telemetry")


def read_waiting(waiting: Sequence[Waiting], now_ms: int) -> list[Datum]:
    """The metrics of lines, and how many lines of each log group broke the rules.

    Source: CloudWatch user guide, "Monitoring with CloudWatch metrics" of Logs: `EMFParsingErrors`,
    `EMFValidationErrors` in ``AWS/Logs``.
    """
    data: list[Datum] = []
    failures: Counter[MetricKey] = Counter()
    for stream, line in waiting:
        try:
            data += data_of(line.message, stream.scope, now_ms)
        except NotJson:
            failures[_failure(stream, "EMFParsingErrors")] += 1
        except NotValid as error:
            failures[_failure(stream, "EMFValidationErrors")] += 1
            _log.debug("no metric of %s: %s", stream.group, error)
    data += [Datum(key, now_ms, (1.0,), (float(count),), unit="Count") for key, count in failures.items()]
    return data


def _failure(stream: StreamKey, name: str) -> MetricKey:
    return MetricKey(stream.scope, "AWS/Logs", name, (("LogGroupName", stream.group),))
