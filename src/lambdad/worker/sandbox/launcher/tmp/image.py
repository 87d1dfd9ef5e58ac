"""The image: a file without a name, a loop device on it, and a btrfs in that.

All of the file is allocated on the disk below before it is used: should that disk be full, functions are
told so when they write ("no space left"), and nothing that was written is lost. The file has no name and the
device ends with its mount, so a killed launcher leaves nothing behind.

Source: loop(4), include/uapi/linux/loop.h of Linux, mkfs.btrfs(8), btrfs(5).
"""

# os.path on purpose: pathlib would add to the start of a process that must be small.
# ruff: noqa: PTH118

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import signal
import struct
from typing import NamedTuple

from lambdad.worker.sandbox.launcher import syscalls
from lambdad.worker.sandbox.launcher.tmp import btrfs

GIB = 1 << 30
STEP_BYTES = 2 * GIB
"""The image starts with this much and grows by it."""
_LEFT_SHARE, _LEFT_BYTES = 20, GIB  # a twentieth of the disk, at least this, is left to others
_MKFS = "mkfs.btrfs"
_MKFS_WITHIN_MS = 5_000
_LOOP_GET_FREE, _LOOP_CONFIGURE, _LOOP_SET_CAPACITY = 0x4C82, 0x4C0A, 0x4C07
_AUTOCLEAR, _DIRECT_IO = 4, 16
_BLOCK_BYTES = 4096
_ATTEMPTS = 16  # another server may take the loop device that was free just now
# No checksums and no copies on write: what lies here is gone with the server. No discard: it would give the
# allocated file back to the disk.
_OPTIONS = "nodatacow,nobarrier,nodiscard,commit=5"
_GET_FLAGS, _SET_FLAGS, _NO_COW = 0x8008_6601, 0x4008_6602, 0x0080_0000
_IN_MEMORY = ("tmpfs", "ramfs", "rootfs")


class Unavailable(Exception):
    """There is no image, for this reason, and this is what to do about it."""

    def __init__(self, detail: str, remedy: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy


class Image(NamedTuple):
    """A mounted image.

    Attributes:
        root: descriptor of its root directory, for the system calls of btrfs.
        file: descriptor of the file.
        device: path of the loop device.
    """

    root: int
    file: int
    device: str

    @property
    def size_bytes(self) -> int:
        """How large it is."""
        return os.fstat(self.file).st_size

    @property
    def free_bytes(self) -> int:
        """What can still be written."""
        room = os.fstatvfs(self.root)
        return room.f_bavail * room.f_frsize

    def grow(self) -> bool:
        """Make it a step larger; False when the disk has too little left for that."""
        if _spare_bytes(self.file) < STEP_BYTES:
            return False
        now = self.size_bytes
        try:
            os.posix_fallocate(self.file, now, STEP_BYTES)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self.file, now)
            return False
        device = os.open(self.device, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.ioctl(device, _LOOP_SET_CAPACITY)
        finally:
            os.close(device)
        btrfs.fill_device(self.root)
        return True


def open_image(directory: str, place: str) -> Image:
    """Make an image on the disk of `directory` and mount it at `place`, in this mount namespace.

    Raises:
        Unavailable: this host does not let us.
        OSError: likewise, without a remedy we know.
    """
    mkfs = _find_mkfs()
    file = _allocate(directory)
    try:
        _format(mkfs, file)
        device, held = _attach(file)
        try:
            syscalls.mount(device, place, "btrfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, _OPTIONS)
        finally:
            os.close(held)
    except BaseException:
        os.close(file)
        raise
    root = -1
    try:
        root = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        btrfs.enable_quotas(root)
    except BaseException:
        if root >= 0:
            os.close(root)
        os.close(file)
        syscalls.unmount(place)
        raise
    return Image(root, file, device)


def _find_mkfs() -> str:
    path = os.environ.get("PATH", os.defpath).split(":")
    for directory in (*path, "/usr/sbin", "/sbin"):
        candidate = os.path.join(directory, _MKFS)
        if os.access(candidate, os.X_OK):
            return candidate
    raise Unavailable(f"{_MKFS} is not installed", "install `btrfs-progs`")


def _allocate(directory: str) -> int:
    kind = _file_system(directory)
    if kind in _IN_MEMORY:
        raise Unavailable(
            f"the data directory lies in memory itself ({kind})", "use a data directory on disk"
        )
    file = _open_nameless(directory)
    try:
        _no_copies(file)
        if _spare_bytes(file) < STEP_BYTES:
            raise Unavailable("the disk of the data directory is full", "free at least 3 GiB and 5 % of it")
        os.posix_fallocate(file, 0, STEP_BYTES)
    except BaseException:
        os.close(file)
        raise
    return file


def _open_nameless(directory: str) -> int:
    try:
        return os.open(directory, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL):
            raise
    path = os.path.join(directory, "tmp.image")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108 - of a server that was killed between these two lines
    file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
    os.unlink(path)  # noqa: PTH108
    return file


def _no_copies(file: int) -> None:
    """On btrfs, overwriting what was allocated would need space again."""
    flags = bytearray(8)
    with contextlib.suppress(OSError):  # every other file system
        fcntl.ioctl(file, _GET_FLAGS, flags)
        now = struct.unpack("=Q", flags)[0]
        fcntl.ioctl(file, _SET_FLAGS, bytearray(struct.pack("=Q", now | _NO_COW)))


def _spare_bytes(file: int) -> int:
    """What we may take of the disk."""
    disk = os.fstatvfs(file)
    left = max(_LEFT_BYTES, disk.f_blocks * disk.f_frsize // _LEFT_SHARE)
    return disk.f_bavail * disk.f_frsize - left


def _file_system(directory: str) -> str:
    device = os.stat(directory).st_dev  # noqa: PTH116
    wanted = f"{os.major(device)}:{os.minor(device)}"
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            fields = line.split()
            if fields[2] == wanted:
                return fields[fields.index("-") + 1]
    return "unknown"


def _format(mkfs: str, file: int) -> None:
    inherited = 9
    arguments = [_MKFS, "-q", "-f", "-M", "-m", "single", "-d", "single", "-K", f"/proc/self/fd/{inherited}"]
    actions = [(os.POSIX_SPAWN_OPEN, number, "/dev/null", os.O_RDWR, 0) for number in (0, 1, 2)]
    actions.append((os.POSIX_SPAWN_DUP2, file, inherited))  # type: ignore[arg-type]
    pid = os.posix_spawn(mkfs, arguments, {"PATH": os.defpath}, file_actions=actions)
    pidfd = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        if not poll.poll(_MKFS_WITHIN_MS):
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    finally:
        os.close(pidfd)
    if code != 0:
        raise Unavailable(f"{_MKFS} failed ({code})", "install a newer `btrfs-progs`")


def _attach(file: int) -> tuple[str, int]:
    """Path of a loop device on the file, and a descriptor without which it would end before it is mounted."""
    control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
    try:
        for _ in range(_ATTEMPTS):
            path = f"/dev/loop{fcntl.ioctl(control, _LOOP_GET_FREE)}"
            device = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.ioctl(device, _LOOP_CONFIGURE, _configuration(file))
            except OSError as error:
                os.close(device)
                if error.errno != errno.EBUSY:
                    raise
                continue
            return path, device
    finally:
        os.close(control)
    raise OSError(errno.EBUSY, "no loop device is free")


def _configuration(file: int) -> bytes:
    """Direct I/O: what is written is in the page cache once, not twice."""
    info = struct.pack(
        "=5Q4I64s64s32s2Q", 0, 0, 0, 0, 0, 0, 0, 0, _AUTOCLEAR | _DIRECT_IO, b"", b"", b"", 0, 0
    )
    return struct.pack("=2I", file, _BLOCK_BYTES) + info + bytes(64)
