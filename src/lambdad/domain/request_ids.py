"""Request ids and trace ids from a pool of entropy: one system call per 256 ids."""

from __future__ import annotations

import os

_BYTES_PER_DRAW = 16 * 256


class Ids:
    """Draws UUIDs (version 4) and X-Ray ids; not thread-safe, one per loop."""

    __slots__ = ("_at", "_hex")

    def __init__(self) -> None:
        self._hex = ""
        self._at = 0

    def _digits(self, count: int) -> str:
        at = self._at
        if at + count > len(self._hex):
            self._hex = os.urandom(_BYTES_PER_DRAW).hex()
            at = 0
        self._at = at + count
        return self._hex[at : at + count]

    def request_id(self) -> str:
        """A random UUID as text."""
        h = self._digits(32)
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{'89ab'[int(h[16], 16) & 3]}{h[17:20]}-{h[20:]}"

    def span_id(self) -> str:
        """Sixteen hex digits: of a segment, or of a span."""
        return self._digits(16)

    def trace(self, now: float, tail: str = "") -> str:
        """A new, unsampled trace header for an invocation at `now` (epoch seconds), and `tail` behind it.

        Source: X-Ray tracing header, ``Root=1-<8 hex epoch>-<24 hex>;Parent=<16 hex>;Sampled=0``.
        """
        h = self._digits(40)
        return f"Root=1-{int(now):08x}-{h[:24]};Parent={h[24:]};Sampled=0{tail}"
