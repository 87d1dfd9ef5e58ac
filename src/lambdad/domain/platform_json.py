"""Platform events as JSON text, as the log of a version with `LogFormat: JSON` shows them.

Source: spec runtime-api §4 (records) and §8 (the log carries the telemetry objects).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from functools import lru_cache


def timestamp(time_ms: int) -> str:
    """AWS's way to write a time: ``2026-11-23T03:05:20.123Z``."""
    seconds, millis = divmod(time_ms, 1000)
    return f"{_second(seconds)}.{millis:03d}Z"


def json_line(time_ms: int, kind: str, record: Mapping[str, object] | str) -> str:
    """One event as a line with its newline."""
    event = {"time": timestamp(time_ms), "type": kind, "record": record}
    return json.dumps(event, separators=(",", ":")) + "\n"


@lru_cache(maxsize=64)  # many records of one second; the year and the rest are the same for all of them
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
