"""Opens `/tmp` on disk by doing it: what a function will meet is tried before any function is there."""

from __future__ import annotations

import errno
import os

from lambdad.worker.sandbox.launcher import syscalls
from lambdad.worker.sandbox.launcher.tmp.image import GIB, Image, Unavailable, open_image
from lambdad.worker.sandbox.launcher.tmp.places import OVERHEAD_BYTES, Tmp
from lambdad.worker.sandbox.launcher.trial import Fact

FEATURE = "tmp on disk"
_TRIAL = "trial"
_NOBODY = 65_534
_TRIAL_BYTES = 1 << 20
_INSTEAD = "it counts as the function's memory"


def open_tmp(directory: str, place: str, *, privileged: bool) -> tuple[Tmp, Fact]:
    """`/tmp` for all sandboxes, on the disk of `directory` if that works.

    Args:
        directory: the data directory.
        place: an existing directory to mount at (in the launcher's mount namespace only).
        privileged: only root may mount a file system from a device.
    """
    if not privileged:
        return _in_memory("only root can mount an image", "run lambdad as root")
    try:
        image = open_image(directory, place)
    except Unavailable as failure:
        return _in_memory(failure.detail, failure.remedy)
    except OSError as error:
        return _in_memory(
            str(error), "use a kernel with btrfs and loop devices, allow /dev/loop* in a container"
        )
    tmp = Tmp(image)
    problem = _try(tmp)
    if problem is not None:
        tmp.close()
        syscalls.unmount(place)
        return _in_memory(problem, "use a newer kernel")
    return tmp, {"feature": FEATURE, "works": True, "detail": _words(image)}


def _try(tmp: Tmp) -> str | None:
    """None, or why an ordinary user's directory does not hold exactly what it is to hold."""
    tree = tmp.make(_TRIAL, (_NOBODY, _NOBODY), _TRIAL_BYTES)
    if tree is None:
        return tmp.why
    try:
        os.seteuid(_NOBODY)  # without root's powers, for which quotas need not hold
        try:
            written = _fill(f"/proc/self/fd/{tree}/file", 4 * _TRIAL_BYTES)
        finally:
            os.seteuid(0)
    except OSError as error:
        return str(error)
    finally:
        os.close(tree)
        tmp.remove(_TRIAL)
    return None if written <= _TRIAL_BYTES + OVERHEAD_BYTES else "the quota of a subvolume does not hold"


def _fill(path: str, most_bytes: int) -> int:
    """How many bytes of `most_bytes` could be written."""
    file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    written, block = 0, bytes(64 * 1024)
    try:
        while written < most_bytes:
            written += os.write(file, block)
    except OSError as error:
        if error.errno not in (errno.EDQUOT, errno.ENOSPC):
            raise
    finally:
        os.close(file)
    return written


def _words(image: Image) -> str:
    size = os.fstat(image.file).st_size / GIB
    return f"one btrfs image of {size:.0f} GiB and more for all, a quota for each"


def _in_memory(detail: str, remedy: str) -> tuple[Tmp, Fact]:
    fact: Fact = {"feature": FEATURE, "works": False, "detail": f"{detail}: {_INSTEAD}", "remedy": remedy}
    return Tmp(None, detail), fact
