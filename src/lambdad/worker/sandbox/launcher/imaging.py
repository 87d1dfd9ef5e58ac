"""Memory images on request of the server: a child of the launcher takes each or puts it back (`image.work`).

The launcher goes on meanwhile, and a child that fails takes nothing else with it.
"""

from __future__ import annotations

import os
import socket


def start_snapshot(server: socket.socket, number: int, reaper: int, blank_reaper: int | None) -> int:
    """Have an image taken of the runtime of a sandbox; a pidfd of who does it, to be waited for.

    The answer goes to the server under `number`: the image's descriptor and ``size_bytes``; ``refused`` with
    the reason why there can be none; or ``error``.

    Args:
        server: where the answer goes.
        number: of the question.
        reaper: first process of its sandbox, as a pid of the host.
        blank_reaper: of a sandbox in which another process of the same fork server waits.
    """
    # Here, before the fork: once, and only in servers that take images.
    from lambdad.worker.sandbox.launcher.image import work  # noqa: PLC0415

    pid = os.fork()
    if pid == 0:
        work.answer(server, number, lambda: work.snapshot(reaper, blank_reaper))
    return os.pidfd_open(pid)


def start_restore(server: socket.socket, number: int, reaper: int, image: int) -> int:
    """Have the process that waits in a sandbox become what the image holds; as `start_snapshot`."""
    from lambdad.worker.sandbox.launcher.image import work  # noqa: PLC0415

    pid = os.fork()
    if pid == 0:
        work.answer(server, number, lambda: work.restore(reaper, image))
    return os.pidfd_open(pid)
