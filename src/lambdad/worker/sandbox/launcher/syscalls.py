"""The system calls the standard library does not offer, through ctypes; errors become OSError.

Sources: clone(2), mount_setattr(2), open_tree(2), move_mount(2), capabilities(7), prctl(2).
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct

CLONE_NEWNS = 0x0002_0000
CLONE_NEWUTS = 0x0400_0000
CLONE_NEWIPC = 0x0800_0000
CLONE_NEWUSER = 0x1000_0000
CLONE_NEWPID = 0x2000_0000
CLONE_NEWNET = 0x4000_0000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE, MS_SLAVE = 0x20, 0x1000, 0x4000, 1 << 18, 1 << 19
MNT_DETACH = 2
ATTR_RDONLY, ATTR_NOSUID, ATTR_NODEV = 1, 2, 4
_ATTR_IDMAP = 0x0010_0000

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, _PR_SET_NAME = 1, 4, 24, 15
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_CAP_AMBIENT = 38, 22, 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
SECCOMP_MODE_FILTER = 2
CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SETPCAP = 5, 6, 7, 8
CAP_NET_ADMIN, CAP_SYS_ADMIN = 12, 21

CLOSE_RANGE_CLOEXEC = 4
_AT_FDCWD, _AT_EMPTY_PATH, _AT_RECURSIVE = -100, 0x1000, 0x8000
_OPEN_TREE_CLONE, _OPEN_TREE_CLOEXEC = 1, 0o2000000
_MOVE_MOUNT_F_EMPTY_PATH = 4
_ACTION_BYTES = 32  # struct sigaction of the kernel

# Numbers from 424 on are the same on every architecture; the older ones are not.
_OPEN_TREE, _MOVE_MOUNT, _CLOSE_RANGE, _MOUNT_SETATTR = 428, 429, 436, 442
_OLDER = {
    "x86_64": {
        "pivot_root": 155,
        "capset": 126,
        "setns": 308,
        "unshare": 272,
        "umount2": 166,
        "rt_sigaction": 13,
    },
    "aarch64": {
        "pivot_root": 41,
        "capset": 91,
        "setns": 268,
        "unshare": 97,
        "umount2": 39,
        "rt_sigaction": 134,
    },
}

# PyDLL keeps the interpreter lock: we have one thread, and a clone must not happen without it.
_libc = ctypes.PyDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_libc.mmap.restype = ctypes.c_void_p
_PROT_READ, _PROT_WRITE, _PROT_EXEC, _MAP_PRIVATE, _MAP_ANONYMOUS = 1, 2, 4, 2, 0x20
_MAP_FAILED = (1 << 64) - 1


_before_fork, _after_fork = ctypes.pythonapi.PyOS_BeforeFork, ctypes.pythonapi.PyOS_AfterFork_Child
_machine = platform.machine()  # asked once: a forked process makes hundreds of calls


def architecture() -> str:
    """``x86_64`` or ``aarch64``.

    Raises:
        OSError: neither.
    """
    if _machine not in _OLDER:
        raise OSError(f"no sandboxes on {_machine}")
    return _machine


def _call(name: str, number: int, *arguments: object) -> int:
    result: int = _libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")
    return result


def _older(name: str, *arguments: object) -> int:
    return _call(name, _OLDER[architecture()][name], *arguments)


def _long(value: int) -> ctypes.c_long:
    return ctypes.c_long(value)


def map_program(descriptor: int, size: int) -> int:
    """Map the beginning of a program, to be executed here; its address."""
    return _map(size, _PROT_READ | _PROT_EXEC, _MAP_PRIVATE, descriptor)


def map_memory(size: int) -> int:
    """Map fresh memory; its address."""
    return _map(size, _PROT_READ | _PROT_WRITE, _MAP_PRIVATE | _MAP_ANONYMOUS, -1)


def _map(size: int, protection: int, flags: int, descriptor: int) -> int:
    address: int | None = _libc.mmap(None, size, protection, flags, descriptor, _long(0))
    if address is None or address == _MAP_FAILED:
        error = ctypes.get_errno()
        raise OSError(error, f"mmap: {os.strerror(error)}")
    return address


def unmap(address: int, size: int) -> None:
    """Give memory back."""
    _libc.munmap(ctypes.c_void_p(address), ctypes.c_size_t(size))  # cannot fail


def as_forked() -> None:
    """Have the interpreter do in this process what it does about a fork."""
    _before_fork()  # here, so that whoever forked it touches no page for that
    _after_fork()


def unshare(flags: int) -> None:
    """Leave namespaces for new ones."""
    _older("unshare", _long(flags))


def setns(namespace_fd: int, kind: int) -> None:
    """Enter a namespace."""
    _older("setns", _long(namespace_fd), _long(kind))


def mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    """Mount something, or change a mount."""
    result = _libc.mount(
        source.encode() if source is not None else None,
        os.fsencode(target),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        options.encode() if options else None,
    )
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"mount {target}: {os.strerror(error)}")


def unmount(target: str) -> None:
    """Detach a mount and everything below it."""
    _older("umount2", os.fsencode(target), _long(MNT_DETACH))


def pivot_root_here() -> None:
    """Make the current directory (a mount) the root and let go of everything else."""
    _older("pivot_root", b".", b".")
    unmount(".")
    os.chdir("/")


def open_tree(path: str, *, recursive: bool = True) -> int:
    """A detached copy of what is mounted at `path`, and below it, as a descriptor."""
    flags = _OPEN_TREE_CLONE | _OPEN_TREE_CLOEXEC | (_AT_RECURSIVE if recursive else 0)
    return _call(f"open {path}", _OPEN_TREE, _long(_AT_FDCWD), os.fsencode(path), _long(flags))


def restrict_tree(tree_fd: int, attributes: int, *, recursive: bool) -> None:
    """Add mount attributes (ATTR_…) to a detached tree."""
    wanted = struct.pack("=4Q", attributes, 0, 0, 0)
    flags = _AT_EMPTY_PATH | (_AT_RECURSIVE if recursive else 0)
    _call("mount_setattr", _MOUNT_SETATTR, _long(tree_fd), b"", _long(flags), wanted, _long(len(wanted)))


def map_tree(tree_fd: int, user_namespace: int) -> None:
    """Show a detached tree with other ids: those on disk as what the namespace maps them to."""
    wanted = struct.pack("=4Q", _ATTR_IDMAP, 0, 0, user_namespace)
    _call(
        "mount_setattr",
        _MOUNT_SETATTR,
        _long(tree_fd),
        b"",
        _long(_AT_EMPTY_PATH),
        wanted,
        _long(len(wanted)),
    )


def attach_tree(tree_fd: int, target: str) -> None:
    """Mount a detached tree at `target`."""
    _call(
        f"mount {target}",
        _MOVE_MOUNT,
        _long(tree_fd),
        b"",
        _long(_AT_FDCWD),
        os.fsencode(target),
        _long(_MOVE_MOUNT_F_EMPTY_PATH),
    )


def prctl(option: int, value: int, third: object = 0) -> None:
    """Change an attribute of this process."""
    zero = ctypes.c_ulong(0)
    argument = ctypes.c_ulong(third) if isinstance(third, int) else third
    if _libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), argument, zero, zero) < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"prctl {option}: {os.strerror(error)}")


def default_signals() -> None:
    """Give every signal its default action, those libc keeps for itself (32, 33) included.

    What is ignored stays so through exec, and Python cannot change libc's own: a server that was
    started with one of them ignored would hand that on.
    """
    default = bytes(_ACTION_BYTES)  # handler SIG_DFL, no flags, no mask
    for number in range(1, 65):
        if number not in (9, 19):
            _older("rt_sigaction", _long(number), default, None, _long(8))


def argument_area() -> tuple[int, int]:
    """Address and size of this process's arguments, which everybody who sees the process may read.

    Source: proc(5), fields 48 and 49 of ``/proc/pid/stat``.
    """
    with open("/proc/self/stat", encoding="latin-1") as file:
        fields = file.read().rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])
    return start, end - start


def signal_action(number: int) -> bytes:
    """The action of a signal, as the kernel has it (its `struct sigaction`); Python may think otherwise."""
    action = ctypes.create_string_buffer(_ACTION_BYTES)
    _older("rt_sigaction", _long(number), None, action, _long(8))
    return action.raw


def ignore_signal(number: int) -> None:
    """Ignore a signal without Python's knowing: what is forked and undoes it finds Python as it started."""
    ignored = (1).to_bytes(8, "little").ljust(_ACTION_BYTES, b"\0")  # SIG_IGN
    _older("rt_sigaction", _long(number), ignored, None, _long(8))


def close_range(first: int, last: int = 0xFFFF_FFFF, flags: int = 0) -> None:
    """Close descriptors `first` to `last`, or only mark them close-on-exec."""
    _call("close_range", _CLOSE_RANGE, ctypes.c_uint(first), ctypes.c_uint(last), ctypes.c_uint(flags))


def close_all_but(kept: list[int]) -> None:
    """Close every descriptor from 3 on except `kept`."""
    first = 3
    for descriptor in sorted(kept):
        if descriptor > first:
            close_range(first, descriptor - 1)
        first = descriptor + 1
    close_range(first)
