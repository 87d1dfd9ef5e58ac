"""The system calls of btrfs that subvolumes with quotas need.

Source: include/uapi/linux/btrfs.h of Linux. What starts with 0x94 is refused to functions by `seccomp`,
or they could make subvolumes of their own, which have no quota.
"""

from __future__ import annotations

import errno
import fcntl
import struct

_MAGIC, _WRITE, _READ_WRITE, _READ = 0x94, 1, 3, 2
_ARGUMENT_BYTES = 4096
_FIRST_OBJECT = 256  # the root directory of every subvolume
_QUOTA_ENABLE = 1
_LIMIT_REFERENCED = 1


def _number(direction: int, size: int, number: int) -> int:
    return direction << 30 | size << 16 | _MAGIC << 8 | number


_RESIZE = _number(_WRITE, _ARGUMENT_BYTES, 3)
_CREATE = _number(_WRITE, _ARGUMENT_BYTES, 14)
_DESTROY = _number(_WRITE, _ARGUMENT_BYTES, 15)
_LOOK_UP = _number(_READ_WRITE, _ARGUMENT_BYTES, 18)
_QUOTA = _number(_READ_WRITE, 16, 40)
_GROUP = _number(_WRITE, 16, 42)
_LIMIT = _number(_READ, 48, 43)


def enable_quotas(root: int) -> None:
    """From now on every new subvolume of the file system has a quota group of its own number."""
    fcntl.ioctl(root, _QUOTA, bytearray(struct.pack("=QQ", _QUOTA_ENABLE, 0)))


def create(root: int, name: str) -> None:
    """Make an empty subvolume."""
    fcntl.ioctl(root, _CREATE, _named(name))


def destroy(root: int, name: str) -> None:
    """Remove a subvolume with all it holds; takes longer the more of it lies in the page cache."""
    fcntl.ioctl(root, _DESTROY, _named(name))


def number(subvolume: int) -> int:
    """Number of the subvolume a descriptor is in."""
    argument = bytearray(_ARGUMENT_BYTES)
    struct.pack_into("=QQ", argument, 0, 0, _FIRST_OBJECT)
    fcntl.ioctl(subvolume, _LOOK_UP, argument)
    found: int = struct.unpack_from("=Q", argument)[0]
    return found


def limit(root: int, subvolume_number: int, size_bytes: int) -> None:
    """What lies in a subvolume, its directories included, is no more than `size_bytes` from now on."""
    fcntl.ioctl(
        root, _LIMIT, bytearray(struct.pack("=6Q", subvolume_number, _LIMIT_REFERENCED, size_bytes, 0, 0, 0))
    )


def forget(root: int, subvolume_number: int) -> bool:
    """Remove the quota group of a destroyed subvolume; False while the kernel still clears that away."""
    try:
        fcntl.ioctl(root, _GROUP, bytearray(struct.pack("=QQ", 0, subvolume_number)))
    except OSError as error:
        return error.errno != errno.EBUSY  # newer kernels remove it themselves: there is none then
    return True


def fill_device(root: int) -> None:
    """Use all of a device that has grown."""
    fcntl.ioctl(root, _RESIZE, _named("1:max"))


def _named(name: str) -> bytearray:
    return bytearray(struct.pack("=q4088s", 0, name.encode()))
