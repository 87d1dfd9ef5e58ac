"""One launcher at a time for a data directory: the next begins when the one before has taken everything down.

A server that is killed leaves its launcher, which ends every sandbox and removes its control groups; on a
busy host that takes seconds. The next server's launcher must not make groups of the same names meanwhile:
they would be removed under it, and it would take the host for one without isolation.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time

_WITHIN_S = 10.0
"""A launcher that hangs for longer is swept up as if it were gone."""
_LOOK_S = 0.01


def take_turn(folder: str) -> None:
    """Wait until no other launcher of the data directory is there, and be it until this process ends.

    The descriptor stays open: the kernel gives the lock back with it, whatever happens.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    deadline = time.monotonic() + _WITHIN_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in {errno.EACCES, errno.EAGAIN} or time.monotonic() > deadline:
                return
            time.sleep(_LOOK_S)
        else:
            return
