"""Which printed lines a JSON log shows: `ApplicationLogLevel`, as the platform applies it.

The runtimes' own clients filter what goes through their loggers and say the level of a record in its
frame. Everything else is looked at here: a line that is a JSON object has the level its ``level`` member
names, INFO when that is missing or unknown. Other text has no level and always stays.

Source: AWS's developer guide ("Log-level filtering"); frame types in spec runtime-api §8.
"""

from __future__ import annotations

from typing import Final

import msgspec

from lambdad.domain.platform_log import LogLine

_INFO: Final = 3
_LEVELS: Final = {
    "TRACE": 1,
    "DEBUG": 2,
    "INFO": _INFO,
    "WARN": 4,
    "WARNING": 4,
    "ERROR": 5,
    "FATAL": 6,
    "CRITICAL": 6,
}
"""As in a frame's type (bits 2 to 4); the longer names are those of Python's logging."""


class HiddenLine(LogLine):
    """A line below the level of its log: subscribers hear of it, the log does not show it."""

    __slots__ = ()


class _Levelled(msgspec.Struct):
    level: object = None


_decode = msgspec.json.Decoder(_Levelled).decode


class LevelJudge:
    """Tells the lines a log shows from those it does not.

    Args:
        application_level: the least level that is shown.
    """

    __slots__ = ("_floor",)

    def __init__(self, application_level: str) -> None:
        self._floor = _LEVELS.get(application_level, _INFO)

    def judge(self, line: LogLine, frame_level: int) -> LogLine:
        """The line itself, or a `HiddenLine` of it; `frame_level` 0 when no frame says one."""
        level = frame_level if frame_level else self._said(line.message)
        return line if level >= self._floor else HiddenLine(line.timestamp_ms, line.message)

    def _said(self, message: str) -> int:
        if not message.lstrip().startswith("{"):
            return self._floor
        try:
            level = _decode(message).level
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):  # no JSON object after all
            return self._floor
        return _LEVELS.get(level.upper(), _INFO) if isinstance(level, str) else _INFO


def judge_of(log_format: str, application_level: str | None) -> LevelJudge | None:
    """The judge of a version's log; None when everything is shown (text, and TRACE)."""
    if log_format != "JSON" or application_level == "TRACE":
        return None
    return LevelJudge(application_level or "INFO")
