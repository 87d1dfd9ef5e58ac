"""What a child of the launcher does for a memory image, and how it tells the server.

Before: `launcher.imaging` has forked it. After: the answer is sent, and the child has ended.
"""

# os.path on purpose: pathlib would add to the start of a process that must be small.
# ruff: noqa: PTH208

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from typing import NoReturn

from lambdad.worker.sandbox.launcher.image import restoring
from lambdad.worker.sandbox.launcher.image.dumping import dump
from lambdad.worker.sandbox.launcher.image.mappings import layout
from lambdad.worker.sandbox.launcher.image.refusal import ImageError, Refused

Found = tuple[dict[str, object], list[int]]
"""Members of an answer, and descriptors that go with it."""
_RUNTIME_PID = "2"  # in its sandbox: what waits is the first after pid 1


def answer(server: socket.socket, number: int, work: Callable[[], Found]) -> NoReturn:
    """Do the work and tell the server what came of it, under the number of its question."""
    told: dict[str, object] = {"event": "answer", "number": number}
    descriptors: list[int] = []
    try:
        found, descriptors = work()
        told.update(found)
    except Refused as refused:
        told["refused"] = str(refused)
    except (ImageError, OSError) as error:
        told["error"] = str(error)
    except BaseException as error:  # noqa: BLE001 - a forked child must not return
        told["error"] = repr(error)
    try:
        socket.send_fds(server, [json.dumps(told).encode()], descriptors)
    finally:
        os._exit(0)


def snapshot(reaper: int, blank_reaper: int | None) -> Found:
    """Take an image of the runtime below `reaper`, compared with what waits below `blank_reaper`.

    Raises:
        Refused: it has something that cannot be kept.
        ImageError: one of the two is gone, or the host failed.
    """
    if blank_reaper is None:
        raise ImageError("the sandbox it is compared with is gone")
    pid = _runtime_of(reaper)
    orphans = [child for child in _children(reaper) if child != pid]
    if orphans:
        raise Refused(f"it left {len(orphans)} process(es) behind that go on without it")
    left = os.listdir(f"/proc/{pid}/root/tmp")
    if left:
        raise Refused(f"it left {len(left)} file(s) in /tmp: {left[0]}")
    image = dump(pid, layout(_runtime_of(blank_reaper)))
    return {"size_bytes": image.size_bytes}, [image.descriptor]


def restore(reaper: int, image: int) -> Found:
    """Make what waits below `reaper` the process of an image.

    Raises:
        Refused: it is not of the image's kind.
        ImageError: it is gone, or the host failed.
    """
    restoring.restore(_runtime_of(reaper), image)
    return {}, []


def _runtime_of(reaper: int) -> int:
    """The host's pid of the process that was started first in a sandbox."""
    for child in _children(reaper):
        with open(f"/proc/{child}/status", encoding="utf-8", errors="replace") as file:
            numbers = next((line.split()[1:] for line in file if line.startswith("NSpid:")), [])
        if numbers[-1:] == [_RUNTIME_PID]:
            return child
    raise ImageError("the runtime is no process that was forked and has lived since")


def _children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]
