"""Memory images on request of the server: each is taken or put back by a child of the launcher.

The launcher goes on meanwhile, and a child that fails takes nothing else with it.
"""

# os.path on purpose: pathlib would add to the start of a process that must be small.
# ruff: noqa: PTH208

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from typing import NoReturn

_Found = tuple[dict[str, object], list[int]]
_RUNTIME_PID = "2"  # in its sandbox: the first process of the reaper, which is 1


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
    _load()
    pid = os.fork()
    if pid == 0:
        _answer(server, number, lambda: _snapshot(reaper, blank_reaper))
    return os.pidfd_open(pid)


def start_restore(server: socket.socket, number: int, reaper: int, image: int) -> int:
    """Have the process that waits in a sandbox become what the image holds; as `start_snapshot`."""
    _load()
    pid = os.fork()
    if pid == 0:
        _answer(server, number, lambda: _restore(reaper, image))
    return os.pidfd_open(pid)


def _load() -> None:
    """Import what the children need, once, and only in servers that use it."""
    from lambdad.worker.sandbox.launcher.image import dumping, restoring  # noqa: F401, PLC0415


def _answer(server: socket.socket, number: int, work: Callable[[], _Found]) -> NoReturn:
    from lambdad.worker.sandbox.launcher.image.refusal import ImageError, Refused  # noqa: PLC0415

    answer: dict[str, object] = {"event": "image", "number": number}
    descriptors: list[int] = []
    try:
        found, descriptors = work()
        answer.update(found)
    except Refused as refused:
        answer["refused"] = str(refused)
    except (ImageError, OSError) as error:
        answer["error"] = str(error)
    except BaseException as error:  # noqa: BLE001 - a forked child must not return
        answer["error"] = repr(error)
    try:
        socket.send_fds(server, [json.dumps(answer).encode()], descriptors)
    finally:
        os._exit(0)


def _snapshot(reaper: int, blank_reaper: int | None) -> _Found:
    # Imported here: only servers that take images need them.
    from lambdad.worker.sandbox.launcher.image.dumping import dump  # noqa: PLC0415
    from lambdad.worker.sandbox.launcher.image.mappings import layout  # noqa: PLC0415
    from lambdad.worker.sandbox.launcher.image.refusal import ImageError, Refused  # noqa: PLC0415

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


def _restore(reaper: int, image: int) -> _Found:
    from lambdad.worker.sandbox.launcher.image.restoring import restore  # noqa: PLC0415

    restore(_runtime_of(reaper), image)
    return {}, []


def _runtime_of(reaper: int) -> int:
    """The host's pid of the process that was started first in a sandbox."""
    from lambdad.worker.sandbox.launcher.image.refusal import ImageError  # noqa: PLC0415

    for child in _children(reaper):
        with open(f"/proc/{child}/status", encoding="utf-8", errors="replace") as file:
            numbers = next((line.split()[1:] for line in file if line.startswith("NSpid:")), [])
        if numbers[-1:] == [_RUNTIME_PID]:
            return child
    raise ImageError("the runtime is no process that was forked and has lived since")


def _children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]
