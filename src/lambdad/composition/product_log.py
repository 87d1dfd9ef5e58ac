"""The server's own log on stderr: standard logging with an `event` and fields, never function output."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from lambdad.settings.model import LogFormat, LogLevel

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

_LOGGERS = ("lambdad", "asyncio")
"""Ours, and the loop's: what it says of a defect of ours must not be in another form."""


def configure(level: LogLevel, form: LogFormat) -> None:
    """Send records of `level` and above to stderr in the given form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form is LogFormat.JSON else TextLines())
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(level.value.upper())
        logger.propagate = False


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """What a record was given in `extra`."""
    return {key: value for key, value in vars(record).items() if key not in _STANDARD}


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


class TextLines(logging.Formatter):
    """``time level message field=value …``, for people."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as a line, a traceback behind it."""
        fields = "".join(f" {key}={value}" for key, value in fields_of(record).items() if key != "event")
        text = f"{_time(record)} {record.levelname.lower():7} {record.getMessage()}{fields}"
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return text


class JsonLines(logging.Formatter):
    """One JSON object a line, for machines."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as a JSON object."""
        value: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **fields_of(record),
        }
        if record.exc_info:
            value["exception"] = self.formatException(record.exc_info)
        return json.dumps(value, default=str, separators=(",", ":"))
