"""A request as it came, and how much of it may be there before it is whole."""

from __future__ import annotations

MAX_HEAD_BYTES = 64 * 1024
"""Request line and headers together."""
UNCOUNTED_BODY_BYTES = 16 * 1024
"""Bodies up to this size are not counted against the bounds of memory."""
SEND_TIMEOUT_S = 30.0
"""A head must be complete within this time of its first byte, a body not pause for longer."""
LEAST_BYTES_PER_S = 1024
"""Slower than this on average, after the first 30 s, nobody sends a body on purpose."""


class RawRequest:
    """A request as it came: bytes, nothing decoded.

    Attributes:
        headers: names in lower case, in order.
        origin: of a web page from elsewhere that was admitted; None when none sent it.
        begun: loop time of its first byte.
        counted_bytes: of its body, as counted by `Dispatcher.hold`.
    """

    __slots__ = ("begun", "body", "counted_bytes", "headers", "keep_alive", "method", "origin", "url")

    def __init__(self, begun: float) -> None:
        self.method = b""
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.keep_alive = True
        self.origin: bytes | None = None
        self.begun = begun
        self.counted_bytes = 0


def is_too_slow(begun: float, last_bytes: float, body_bytes: int, now: float) -> bool:
    """Whether an unfinished request is a connection held on purpose."""
    late = now - begun - SEND_TIMEOUT_S
    return now - last_bytes > SEND_TIMEOUT_S or (late > 0 and body_bytes < late * LEAST_BYTES_PER_S)
