"""Turn a waiting blank into a copy of the process an image was made of.

Everything up to the first step leaves the blank as it was; after that it is the image or it is killed.
"""

from __future__ import annotations

import bisect
import contextlib
import ctypes
import os
import resource
import signal
import socket
import struct

from lambdad.worker.sandbox.launcher.image import descriptors, eligibility, header, steps
from lambdad.worker.sandbox.launcher.image.area import AREA_BYTES, close_area, open_area, run_table
from lambdad.worker.sandbox.launcher.image.refusal import ImageError, Refused
from lambdad.worker.sandbox.launcher.image.tracing import Tracee, require_architecture

_PIDFD_GETFD = 438
_MOST_MAPS_BYTES = 4 << 20
_IDENTITY_FIELDS = 5
_MSG_CMSG_CLOEXEC = 0x4000_0000
_MESSAGE = struct.Struct("=QI4xQQQQi4x")  # struct msghdr
_STAT_IDENTITY = struct.Struct("=2Q32xQ32xQQ40x")  # st_dev, st_ino, st_size, st_mtime of struct stat
_STOP_S = 1.0
_LAST = 1 << 64

_libc = ctypes.PyDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def restore(pid: int, image_fd: int) -> None:
    """Make a blank the image's process, which then goes on reading its channel.

    Args:
        pid: a waiting blank of the image's fork server, dumpable, ours to trace.
        image_fd: the image.

    Raises:
        Refused: the blank is not of the image's kind; it is as it was.
        ImageError: the host failed; the blank is killed, the caller has to reap it.
    """
    require_architecture()
    about = header.read(image_fd)
    tracee = Tracee(pid)
    tracee.seize(dies_with_us=True)
    try:
        _restore(tracee, about, image_fd)
    except Refused:
        with contextlib.suppress(ImageError):
            tracee.detach()
        raise
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        raise
    tracee.detach()


def _restore(tracee: Tracee, about: header.Header, image_fd: int) -> None:
    tracee.stop_waiting(_STOP_S)
    status = eligibility.fields(tracee.pid)
    if eligibility.own_number(status) != about.number:
        raise Refused(f"process {eligibility.own_number(status)} cannot become process {about.number}")
    if descriptors.numbers(tracee.pid) != about.low_descriptors:
        raise Refused("the blank has other descriptors than the process the image was made of")
    first = _unmap(tracee.pid, about)
    _restore_limits(tracee.pid, about.limits)
    open_area(tracee, about.base)
    given, closing = _give(tracee, about.base, image_fd)
    unset = _default(eligibility.caught(status) & ~about.signals, about.base)
    table = steps.table(closing, first, unset, bytes.fromhex(about.steps))
    run_table(tracee, about.base, bytes.fromhex(about.head), table, given)
    _require_same_files(tracee, about)
    close_area(tracee, about.base)
    tracee.set_extended(bytes.fromhex(about.extended))
    tracee.set_signal_mask(about.blocked_signals)
    tracee.wait_again(about.registers)


def _unmap(pid: int, about: header.Header) -> bytes:
    """Steps that remove what the blank has and the image does not keep.

    Raises:
        Refused: the blank lacks something that the image counts on.
    """
    with open(f"/proc/{pid}/maps", "rb") as file:
        lines = file.read(_MOST_MAPS_BYTES).decode("utf-8", "surrogateescape").splitlines()
    missing = set(about.kept)
    remove: list[bytes] = []
    for line in lines:
        fields = line.split(None, _IDENTITY_FIELDS)
        identity = " ".join(fields[:_IDENTITY_FIELDS])
        name = fields[_IDENTITY_FIELDS] if len(fields) > _IDENTITY_FIELDS else ""
        start, end = (int(part, 16) for part in fields[0].split("-"))
        if identity in missing:
            missing.remove(identity)
        elif name == eligibility.STACK:
            if end != about.stack_end:
                raise Refused("its stack lies elsewhere than in the image")
        elif name != eligibility.HEAP:  # which is grown or cut by brk, and then mapped over
            remove += _uncovered(start, end, about.covered)
    if missing:
        raise Refused(f"the blank is not of the image's fork server: it lacks {min(missing)}")
    return b"".join(remove)


def _uncovered(start: int, end: int, covered: list[list[int]]) -> list[bytes]:
    """Steps that remove a range but not what is mapped over.

    Thread-local memory may not be missing for a moment: whenever the process is scheduled again, the kernel
    writes into it (rseq), and a process that lacks it is killed.
    """
    remove = []
    at = max(bisect.bisect_right(covered, [start, _LAST]) - 1, 0)
    for first, last in covered[at:]:
        if first >= end:
            break
        if last <= start:
            continue
        if start < first:
            remove.append(steps.step(steps.MUNMAP, start, first - start))
        start = last
    if start < end:
        remove.append(steps.step(steps.MUNMAP, start, end - start))
    return remove


def _restore_limits(pid: int, wanted: list[list[int]]) -> None:
    for number, limit in enumerate(wanted):
        if resource.prlimit(pid, number) != tuple(limit):
            resource.prlimit(pid, number, (limit[0], limit[1]))


def _give(tracee: Tracee, base: int, image_fd: int) -> tuple[int, bytes]:
    """Hand the image to the blank, over a pair of sockets of which we take one end.

    Returns:
        Its number there, and the steps that close the sockets.
    """
    tracee.call(steps.SOCKETPAIR, socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, 0, base)
    ends = struct.unpack("=2i", tracee.read(base, 8))
    with _taken(tracee.pid, ends[0]) as ours:
        socket.send_fds(ours, [b"image"], [image_fd])
    vector, control, message = base + 16, base + 64, base + 128
    content = struct.pack("=2Q", base, 8).ljust(112, b"\0")
    tracee.write(vector, content + _MESSAGE.pack(0, 0, vector, 1, control, 24, 0))
    tracee.call(steps.RECVMSG, ends[1], message, _MSG_CMSG_CLOEXEC)
    (given,) = struct.unpack("=16xi", tracee.read(control, 20))
    return given, b"".join(steps.step(steps.CLOSE, end) for end in ends)


def _taken(pid: int, number: int) -> socket.socket:
    pidfd = os.pidfd_open(pid)
    try:
        ours = _libc.syscall(
            ctypes.c_long(_PIDFD_GETFD), ctypes.c_long(pidfd), ctypes.c_long(number), ctypes.c_long(0)
        )
    finally:
        os.close(pidfd)
    if ours < 0:
        raise ImageError(f"descriptor of process {pid}: {os.strerror(ctypes.get_errno())}")
    return socket.socket(fileno=ours)


def _default(signals: int, base: int) -> bytes:
    """Steps that give signals their default action; the end of the area is all zero."""
    action = base + AREA_BYTES - 64
    numbers = [number for number in range(1, 65) if signals >> (number - 1) & 1]
    return b"".join(steps.step(steps.RT_SIGACTION, number, action, 0, 8) for number in numbers)


def _require_same_files(tracee: Tracee, about: header.Header) -> None:
    if not about.files:
        return
    found = _STAT_IDENTITY.iter_unpack(tracee.read(about.slots, _STAT_IDENTITY.size * len(about.files)))
    if [list(one) for one in found] != about.files:
        raise ImageError("a file that the image maps is not the one it was")
