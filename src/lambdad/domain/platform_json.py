"""Platform events as JSON text, as the log of a version with `LogFormat: JSON` shows them.

Source: spec runtime-api §4 (records) and §8 (the log carries the telemetry objects).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from lambdad.domain.outcome import Status


def start_event(time: str, request_id: str, version: str) -> str:
    """A `platform.start` event; `time` as ``2026-11-23T03:05:20.123Z``."""
    return _event(time, "platform.start", {"requestId": request_id, "version": version})


def report_event(
    time: str, request_id: str, metrics: Mapping[str, float], status: Status, error_type: str | None
) -> str:
    """A `platform.report` event; `error_type` None leaves the member out."""
    record: dict[str, object] = {"requestId": request_id, "metrics": dict(metrics), "status": status.value}
    if error_type is not None:
        record["errorType"] = error_type
    return _event(time, "platform.report", record)


def _event(time: str, kind: str, record: Mapping[str, object]) -> str:
    return json.dumps({"time": time, "type": kind, "record": record}, separators=(",", ":")) + "\n"
