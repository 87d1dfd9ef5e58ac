"""System calls that a function is refused, as a BPF program.

A function already has no capability and namespaces of its own; this closes what the kernel offers to
anybody: calls with a history of holes (io_uring, bpf, keyctl, userfaultfd, user namespaces), other
processes' memory, and socket families that are not bound to a network namespace (vsock).

Numbers: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h of Linux.
"""

from __future__ import annotations

import ctypes
import errno
import socket
import struct
from typing import NamedTuple

from lambdad.worker.sandbox.launcher import syscalls

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_KILL, _ERRNO, _ALLOW = 0x8000_0000, 0x0005_0000, 0x7FFF_0000
_AND = 0x54
_NUMBER, _ARCH, _ARG0, _ARG1 = 0, 4, 16, 24  # offsets in struct seccomp_data

_NEW_NAMESPACES = 0x7E02_0000  # CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID, NET
_NEW_TIME = 0x80  # for unshare only: in clone's flags the low byte is the exit signal
_X32 = 0x4000_0000
_FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, 16)  # 16: AF_NETLINK, for getifaddrs

# io_uring_setup/enter/register, open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, pidfd_getfd,
# process_madvise, mount_setattr, quotactl_fd, open_tree_attr
_SAME_EVERYWHERE = (425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 440, 442, 443, 467)
_CLONE3 = 435


# What ioctl(2) does to btrfs alone: making a subvolume, which has no quota, needs no privilege. The three
# others of its kind are every file system's: FICLONE, FICLONERANGE, FIDEDUPERANGE.
_IOCTL_KIND, _BTRFS = 0xFF00, 0x9400
_CLONING = (0x4004_9409, 0x4020_940D, 0xC018_9436)


class _Architecture(NamedTuple):
    audit: int
    clone: int
    ioctl: int
    unshare: int
    socket: int
    refused: dict[str, int]


_X86_64 = {
    "acct": 163, "add_key": 248, "bpf": 321, "chroot": 161, "clock_settime": 227, "create_module": 174,
    "delete_module": 176, "fanotify_init": 300, "fanotify_mark": 301, "finit_module": 313,
    "get_kernel_syms": 177, "init_module": 175, "ioperm": 173, "iopl": 172, "kcmp": 312,
    "kexec_file_load": 320, "kexec_load": 246, "keyctl": 250, "lookup_dcookie": 212, "migrate_pages": 256,
    "modify_ldt": 154, "mount": 165, "move_pages": 279, "name_to_handle_at": 303, "nfsservctl": 180,
    "open_by_handle_at": 304, "perf_event_open": 298, "pivot_root": 155, "process_vm_readv": 310,
    "process_vm_writev": 311, "ptrace": 101, "query_module": 178, "quotactl": 179, "reboot": 169,
    "request_key": 249, "setdomainname": 171, "sethostname": 170, "setns": 308, "settimeofday": 164,
    "swapoff": 168, "swapon": 167, "sysfs": 139, "syslog": 103, "umount2": 166, "uselib": 134,
    "userfaultfd": 323, "ustat": 136, "vhangup": 153,
}  # fmt: skip
_AARCH64 = {
    "acct": 89, "add_key": 217, "bpf": 280, "chroot": 51, "clock_settime": 112, "delete_module": 106,
    "fanotify_init": 262, "fanotify_mark": 263, "finit_module": 273, "init_module": 105, "kcmp": 272,
    "kexec_file_load": 294, "kexec_load": 104, "keyctl": 219, "lookup_dcookie": 18, "migrate_pages": 238,
    "mount": 40, "move_pages": 239, "name_to_handle_at": 264, "nfsservctl": 42, "open_by_handle_at": 265,
    "perf_event_open": 241, "pivot_root": 41, "process_vm_readv": 270, "process_vm_writev": 271,
    "ptrace": 117, "quotactl": 60, "reboot": 142, "request_key": 218, "setdomainname": 162,
    "sethostname": 161, "setns": 268, "settimeofday": 170, "swapoff": 225, "swapon": 224, "syslog": 116,
    "umount2": 39, "userfaultfd": 282, "vhangup": 58,
}  # fmt: skip
_ARCHITECTURES = {
    "x86_64": _Architecture(0xC000_003E, 56, 16, 272, 41, _X86_64),
    "aarch64": _Architecture(0xC000_00B7, 220, 29, 97, 198, _AARCH64),
}


def program(machine: str) -> bytes:
    """The filter for ``x86_64`` or ``aarch64``: foreign architectures die, refused calls get an errno."""
    arch = _ARCHITECTURES[machine]
    code = [_op(_LOAD, _ARCH), _op(_EQUAL, arch.audit, 1, 0), _op(_RETURN, _KILL), _op(_LOAD, _NUMBER)]
    code += _refuse(_AT_LEAST, _X32, errno.EPERM)
    # A libc falls back to clone when clone3 does not exist; its flags lie in memory, out of our sight.
    code += _refuse(_EQUAL, _CLONE3, errno.ENOSYS)
    for number in (*arch.refused.values(), *_SAME_EVERYWHERE):
        code += _refuse(_EQUAL, number, errno.EPERM)
    code += _on(arch.clone, _refuse(_ANY_BIT, _NEW_NAMESPACES, errno.EPERM))
    code += _on(arch.unshare, _refuse(_ANY_BIT, _NEW_NAMESPACES | _NEW_TIME, errno.EPERM))
    families = [_op(_EQUAL, family, len(_FAMILIES) - at, 0) for at, family in enumerate(_FAMILIES)]
    code += _on(arch.socket, [*families, _op(_RETURN, _ERRNO | errno.EAFNOSUPPORT)])
    code += _on(arch.ioctl, _refuse_btrfs(), _ARG1)
    code.append(_op(_RETURN, _ALLOW))
    return b"".join(code)


def install(code: bytes) -> None:
    """Bind this process and all it will start to the filter, for ever (after no_new_privs)."""
    buffer = ctypes.create_string_buffer(code, len(code))
    filter_program = ctypes.create_string_buffer(struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer)))
    syscalls.prctl(syscalls.PR_SET_SECCOMP, syscalls.SECCOMP_MODE_FILTER, ctypes.byref(filter_program))


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _refuse(test: int, value: int, error: int) -> list[bytes]:
    return [_op(test, value, 0, 1), _op(_RETURN, _ERRNO | error)]


def _refuse_btrfs() -> list[bytes]:
    passing = [_op(_EQUAL, number, len(_CLONING) + 2 - at, 0) for at, number in enumerate(_CLONING)]
    return [*passing, _op(_AND, _IOCTL_KIND), *_refuse(_EQUAL, _BTRFS, errno.EPERM)]


def _on(number: int, then: list[bytes], argument: int = _ARG0) -> list[bytes]:
    """If this is the call, look at an argument with `then`, and allow what passes."""
    body = [_op(_LOAD, argument), *then, _op(_RETURN, _ALLOW)]
    return [_op(_EQUAL, number, 0, len(body)), *body]
