"""Whether a child of the probe makes progress: it prints without end while it runs."""

from __future__ import annotations

import os
import select
import time

BUSY = "while :; do echo; done"
"""A shell script that never stops printing."""
_PATIENCE_MS = 5_000
_LOOK_EVERY_S, _LOOKS, _QUIET_LOOKS = 0.002, 500, 5  # a child that goes on fills the pipe in between


def prints(output: int) -> bool:
    """Whether something comes before patience ends."""
    poll = select.poll()
    poll.register(output, select.POLLIN)
    return any(event & select.POLLIN for _, event in poll.poll(_PATIENCE_MS))


def falls_silent(output: int) -> bool:
    """Whether, before patience ends, nothing more comes for several looks in a row.

    Args:
        output: the non-blocking read end of what it prints.
    """
    quiet = 0
    for _ in range(_LOOKS):
        quiet = 0 if _drain(output) else quiet + 1
        if quiet > _QUIET_LOOKS:
            return True
        time.sleep(_LOOK_EVERY_S)
    return False


def _drain(output: int) -> bool:
    """Whether there was anything to read."""
    try:
        return bool(os.read(output, 1 << 20))
    except BlockingIOError:
        return False
