r"""What a function prints, cut into log events.

One pipe carries stdout, stderr and framed records (decision 0001). A framed record is
``u32 type, u32 length, u64 microseconds, message``, big-endian, with a type that begins
``A5 5A 00``; no valid UTF-8 text contains these bytes, so a frame is found wherever it starts.

Rules for plain text: a newline ends an event and stays its last character, as on AWS; ``\r`` separates
the lines of one event and is kept; an unfinished line waits for its end, at most until it reaches
256 KiB or the invocation ends.
"""

from __future__ import annotations

import os
import struct

from lambdad.domain.limits import MAX_LOG_AGE_MS, MAX_LOG_AHEAD_MS, MAX_LOG_LINE_BYTES
from lambdad.domain.platform_log import events_in, spread
from lambdad.ports.log_store import LogLine, LogText, Printed
from lambdad.worker.environment.printed_levels import LevelJudge

_MAGIC = b"\xa5\x5a\x00"
_FRAME = struct.Struct(">IIQ")
_MAX_FRAME_BYTES = MAX_LOG_LINE_BYTES * 4
"""What announces a longer one is binary garbage that happens to begin like a frame, and stays text."""
_MAX_GARBAGE = 64
"""With so much of it in one piece, no more frames are looked for there."""
_MAX_CHARACTER_BYTES = 4
_READ_BYTES = 65_536
_MAX_READS = 16
"""The most that a pipe can hold (1 MiB) is taken at the end of an event."""
_SOME_BYTES = 16_384
"""Read at one go while a function runs: one that prints flat out must not keep the loop to itself."""
_READ_LATE_MS = 60_000
"""Longer no output waits to be read: a frame that is older names another time than that it was printed at."""
_MANY_LINES = 2_000
_TOGETHER = 16
"""So many plain lines at one go are not made events here."""
_LITTLE_BYTES = 2_048
"""Read instead after so many lines came at one go: what takes time is the number of lines."""


class OutputReader:
    """Reads a non-blocking pipe and returns whole events.

    Attributes:
        fd: the pipe.
        kind: whose output it is.
        ended: nobody holds its other end any more.
    """

    __slots__ = ("_judge", "_rest", "_some", "ended", "fd", "kind")

    def __init__(self, fd: int, kind: str = "function", judge: LevelJudge | None = None) -> None:
        self.fd = fd
        self.kind = kind
        self._judge = judge
        self._rest = b""
        self._some = _SOME_BYTES
        self.ended = False

    def read(self, now_ms: int) -> list[Printed]:
        """Everything that has been printed up to now, in order."""
        chunk = self._chunk(_READ_BYTES)
        if len(chunk) < _READ_BYTES:
            return self._events(chunk, now_ms) if chunk else []
        chunks = [chunk]
        while len(chunk) == _READ_BYTES and len(chunks) < _MAX_READS:
            chunk = self._chunk(_READ_BYTES)
            chunks.append(chunk)
        return self._events(b"".join(chunks), now_ms)

    def read_all(self, now_ms: int) -> list[Printed]:
        """As `read`, and what has no end yet as an event of its own."""
        lines = self.read(now_ms)
        if self._rest:
            lines += self.unfinished(now_ms)
        return lines

    def read_some(self, now_ms: int) -> list[Printed]:
        """What can be read without keeping others waiting."""
        lines = self._events(self._chunk(self._some), now_ms)
        self._some = _SOME_BYTES if events_in(lines) < _MANY_LINES else _LITTLE_BYTES
        return lines

    def _chunk(self, size: int) -> bytes:
        if self.ended:
            return b""
        try:
            chunk = os.read(self.fd, size)
        except BlockingIOError:
            return b""
        except OSError:
            chunk = b""
        self.ended = not chunk
        return chunk

    def _events(self, data: bytes, now_ms: int) -> list[Printed]:
        if not data:
            return []
        self._rest, lines = split(self._rest + data, now_ms, self._judge)
        return lines

    def unfinished(self, now_ms: int) -> list[Printed]:
        """What was printed without an end, as an event of its own; forgotten afterwards."""
        rest, self._rest = self._rest, b""
        lines: list[Printed] = []
        if rest:
            _append_bounded(rest, now_ms, lines)
        return lines if self._judge is None else [self._judge.judge(line, 0) for line in spread(lines)]


def split(data: bytes, now_ms: int, judge: LevelJudge | None = None) -> tuple[bytes, list[Printed]]:
    """Cut `data` into events: (what is unfinished, the events; many plain lines stay together).

    Args:
        data: what was printed, from the beginning of an event.
        now_ms: time of the events that name none.
        judge: marks the events that the log does not show; None when it shows all.
    """
    if judge is None:
        return _split(data, now_ms, None)
    levels: list[int] = []
    rest, printed = _split(data, now_ms, levels)
    lines = spread(printed)
    levels += [0] * (len(lines) - len(levels))
    return rest, [judge.judge(line, level) for line, level in zip(lines, levels, strict=True)]


def _split(data: bytes, now_ms: int, levels: list[int] | None) -> tuple[bytes, list[Printed]]:
    """As `split`; `levels` gets the level of every event that came before the end of a frame."""
    lines: list[Printed] = []
    apart = levels is not None  # each event has a level of its own
    at = 0  # everything before it is in `lines`; data is never copied as a whole
    look = 0  # no frame begins before it
    garbage = 0
    while garbage < _MAX_GARBAGE:
        frame = data.find(_MAGIC, look)
        if frame < 0:
            break
        start = frame + _FRAME.size
        if len(data) < start:
            return _split_text(data[at:frame], now_ms, lines, apart=apart) + data[frame:], lines
        kind, length, micros = _FRAME.unpack_from(data, frame)
        if length > _MAX_FRAME_BYTES:
            look = frame + len(_MAGIC)
            garbage += 1
            continue
        if frame > at:
            printed_ms = _printed_ms(_framed_ms(micros, now_ms), now_ms)
            unfinished = _split_text(data[at:frame], printed_ms, lines, apart=apart)
            if unfinished:
                lines.append(_event(unfinished, printed_ms))
        at = look = start + length
        if len(data) < at:
            return data[frame:], lines
        before = len(lines)
        if length:
            _append_bounded(data[start:at], _framed_ms(micros, now_ms), lines)
        if levels is not None:
            levels += [0] * (before - len(levels))
            levels += [kind >> 2 & 0b111] * (len(lines) - before)
    return _split_text(data[at:] if at else data, now_ms, lines, apart=apart), lines


def _framed_ms(micros: int, now_ms: int) -> int:
    """The time a frame names; ours when the log could not be what a frame says."""
    said_ms = micros // 1000
    return said_ms if said_ms > 0 and -MAX_LOG_AGE_MS <= said_ms - now_ms <= MAX_LOG_AHEAD_MS else now_ms


def _printed_ms(framed_ms: int, now_ms: int) -> int:
    """Of text in front of a frame: printed before it, it must not be shown behind it when read late."""
    return framed_ms if 0 <= now_ms - framed_ms <= _READ_LATE_MS else now_ms


def _split_text(data: bytes, now_ms: int, lines: list[Printed], *, apart: bool) -> bytes:
    """Add the whole lines of `data` to `lines`, each by itself when `apart`; what is left."""
    whole, newline, rest = data.rpartition(b"\n")
    if newline:
        if len(whole) < MAX_LOG_LINE_BYTES:  # no line can be too long: decode them all at once
            events = whole.count(b"\n") + 1
            if events >= _TOGETHER and not apart:
                lines.append(LogText(now_ms, whole + b"\n", events))
            else:
                text = whole.decode("utf-8", "replace")
                lines += [LogLine(now_ms, line + "\n") for line in text.split("\n")]
        else:
            for line in whole.split(b"\n"):
                _append_bounded(line + b"\n", now_ms, lines)
    while len(rest) > MAX_LOG_LINE_BYTES:
        end = _end_of_part(rest)
        lines.append(_event(rest[:end], now_ms))
        rest = rest[end:]
    return rest


def _append_bounded(message: bytes, at_ms: int, lines: list[Printed]) -> None:
    while len(message) > MAX_LOG_LINE_BYTES:
        end = _end_of_part(message)
        lines.append(_event(message[:end], at_ms))
        message = message[end:]
    lines.append(_event(message, at_ms))


def _end_of_part(message: bytes) -> int:
    """Where the first part of a message that is too long ends: not inside a character."""
    for end in range(MAX_LOG_LINE_BYTES, MAX_LOG_LINE_BYTES - _MAX_CHARACTER_BYTES, -1):
        if message[end] & 0xC0 != 0x80:
            return end
    return MAX_LOG_LINE_BYTES  # no text at all


def _event(message: bytes, at_ms: int) -> LogLine:
    return LogLine(at_ms, message.decode("utf-8", "replace"))
