"""Printed lines as telemetry records: text, or in the JSON format the object a line holds."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from lambdad.domain.platform_log import LogLine
from lambdad.worker.telemetry_api.tap import TelemetryTap

_decode = msgspec.json.decode


def tell_lines(tap: TelemetryTap, kind: str, lines: Iterable[LogLine], *, as_objects: bool) -> None:
    """Tell of printed lines, if somebody has subscribed to their kind.

    Args:
        tap: who is told.
        kind: ``function`` or ``extension``.
        lines: in order.
        as_objects: the version logs in the JSON format.
    """
    if not (tap.function if kind == "function" else tap.extension):
        return
    for line in lines:
        record = _object(line.message) if as_objects else line.message
        tap.event(kind, line.timestamp_ms, kind, record)


def _object(message: str) -> object:
    """The JSON object a line is, as raw JSON; else the line."""
    text = message.strip()
    if not text.startswith("{"):
        return message
    try:
        _decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return message
    return msgspec.Raw(text.encode())
