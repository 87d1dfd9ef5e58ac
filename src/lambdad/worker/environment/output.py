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

from lambdad.domain.limits import MAX_LOG_LINE_BYTES
from lambdad.ports.log_store import LogLine

_MAGIC = b"\xa5\x5a\x00"
_FRAME = struct.Struct(">IIQ")
_READ_BYTES = 65_536
_MAX_READS = 16
"""Reads at one go; a function that prints flat out must not keep the loop to itself."""


class OutputReader:
    """Reads a non-blocking pipe and returns whole events."""

    __slots__ = ("_fd", "_rest", "ended")

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._rest = b""
        self.ended = False

    def read(self, now_ms: int) -> list[LogLine]:
        """Everything that has been printed up to now, in order."""
        chunks: list[bytes] = []
        for _ in range(_MAX_READS):
            try:
                chunk = os.read(self._fd, _READ_BYTES)
            except BlockingIOError:
                break
            except OSError:
                self.ended = True
                break
            if not chunk:
                self.ended = True
                break
            chunks.append(chunk)
            if len(chunk) < _READ_BYTES:
                break
        if not chunks:
            return []
        data = self._rest + b"".join(chunks)
        self._rest, lines = split(data, now_ms)
        return lines

    def unfinished(self, now_ms: int) -> list[LogLine]:
        """What was printed without an end, as an event of its own; forgotten afterwards."""
        rest, self._rest = self._rest, b""
        return [_event(rest, now_ms)] if rest else []


def split(data: bytes, now_ms: int) -> tuple[bytes, list[LogLine]]:
    """Cut `data` into events: (what is unfinished, the events)."""
    lines: list[LogLine] = []
    if _MAGIC not in data:
        rest = _split_text(data, now_ms, lines)
        return rest, lines
    while True:
        at = data.find(_MAGIC)
        if at < 0:
            return _split_text(data, now_ms, lines), lines
        if at:
            unfinished = _split_text(data[:at], now_ms, lines)
            if unfinished:
                lines.append(_event(unfinished, now_ms))
            data = data[at:]
        if len(data) < _FRAME.size:
            return data, lines
        _, length, micros = _FRAME.unpack_from(data)
        if length > MAX_LOG_LINE_BYTES * 4:
            # Not a frame after all: binary garbage that happens to begin like one.
            lines.append(_event(data[:3], now_ms))
            data = data[3:]
            continue
        if len(data) < _FRAME.size + length:
            return data, lines
        message = data[_FRAME.size : _FRAME.size + length]
        data = data[_FRAME.size + length :]
        _append_bounded(message, micros // 1000 or now_ms, lines)


def _split_text(data: bytes, now_ms: int, lines: list[LogLine]) -> bytes:
    *whole, rest = data.split(b"\n")
    for line in whole:
        _append_bounded(line + b"\n", now_ms, lines)
    while len(rest) >= MAX_LOG_LINE_BYTES:
        lines.append(_event(rest[:MAX_LOG_LINE_BYTES], now_ms))
        rest = rest[MAX_LOG_LINE_BYTES:]
    return rest


def _append_bounded(message: bytes, at_ms: int, lines: list[LogLine]) -> None:
    while len(message) > MAX_LOG_LINE_BYTES:
        lines.append(_event(message[:MAX_LOG_LINE_BYTES], at_ms))
        message = message[MAX_LOG_LINE_BYTES:]
    lines.append(_event(message, at_ms))


def _event(message: bytes, at_ms: int) -> LogLine:
    return LogLine(at_ms, message.decode("utf-8", "replace"))
