"""One server at a time changes the host's network, or two would take the same address.

A name in the abstract socket space is the lock: it belongs to the network namespace it protects, and the
kernel frees it when its holder dies.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

_NAME = "\0lambdad-uplink"
_PATIENCE_S = 3.0  # anybody on this host could hold the name: then go on, a collision is unlikely
_POLL_S = 0.005


@contextlib.contextmanager
def turn() -> Iterator[None]:
    """Wait for our turn, at most 3 s, and hold it for the block."""
    until = time.monotonic() + _PATIENCE_S
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as lock:
        while True:
            try:
                lock.bind(_NAME)
                break
            except OSError:
                if time.monotonic() > until:
                    break
                time.sleep(_POLL_S)
        yield
