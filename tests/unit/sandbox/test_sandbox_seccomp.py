"""The filter, run by a small interpreter of classic BPF, decides as intended on both architectures."""

from __future__ import annotations

import errno
import struct

import pytest

from lambdad.worker.sandbox.launcher import seccomp

_ALLOW, _KILL = "allow", "kill"
_AUDIT = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
# read, write, openat, execve, futex, kill, clone, socket, unshare, mount, ptrace
_NUMBERS = {
    "x86_64": {"read": 0, "openat": 257, "execve": 59, "futex": 202, "kill": 62, "clone": 56, "socket": 41,
               "unshare": 272, "mount": 165, "ptrace": 101, "ioctl": 16, "keyctl": 250, "bpf": 321, "setns": 308,
               "socketpair": 53, "connect": 42, "getrandom": 318, "memfd_create": 319, "rseq": 334,
               "set_robust_list": 273, "prlimit64": 302, "sched_setaffinity": 203, "mbind": 237},
    "aarch64": {"read": 63, "openat": 56, "execve": 221, "futex": 98, "kill": 129, "clone": 220,
                "socket": 198, "unshare": 97, "mount": 40, "ptrace": 117, "ioctl": 29, "keyctl": 219, "bpf": 280,
                "setns": 268, "socketpair": 199, "connect": 203, "getrandom": 278, "memfd_create": 279,
                "rseq": 293, "set_robust_list": 99, "prlimit64": 261, "sched_setaffinity": 122, "mbind": 235},
}  # fmt: skip


def decide(program: bytes, arch: int, number: int, first: int = 0, second: int = 0) -> str | int:
    """`allow`, `kill`, or the errno: what the kernel would do.

    Source: Documentation/userspace-api/seccomp_filter.rst, linux/bpf_common.h.
    """
    data = struct.pack("=iIQ6Q", number, arch, 0, first, second, 0, 0, 0, 0)
    code = list(struct.iter_unpack("=HBBI", program))
    at = accumulator = 0
    while True:
        operation, if_true, if_false, value = code[at]
        at += 1
        match operation:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", data, value)
            case 0x15:
                at += if_true if accumulator == value else if_false
            case 0x35:
                at += if_true if accumulator >= value else if_false
            case 0x54:
                accumulator &= value
            case 0x45:
                at += if_true if accumulator & value else if_false
            case 0x06 if value == 0x7FFF_0000:
                return _ALLOW
            case 0x06 if value == 0x8000_0000:
                return _KILL
            case 0x06 if value >> 16 == 5:
                return value & 0xFFFF
            case _:
                raise AssertionError(f"not an instruction we use: {operation:#x}")


machines = pytest.mark.parametrize("machine", ["x86_64", "aarch64"])


@machines
@pytest.mark.parametrize(
    "name",
    ["read", "openat", "execve", "futex", "kill", "socketpair", "connect", "getrandom", "memfd_create",
     "rseq", "set_robust_list", "prlimit64", "sched_setaffinity", "mbind"],
)  # fmt: skip
def test_what_programs_need_is_allowed(machine: str, name: str) -> None:
    number = _NUMBERS[machine][name]
    assert decide(seccomp.program(machine), _AUDIT[machine], number) == _ALLOW


@machines
@pytest.mark.parametrize("name", ["mount", "ptrace", "keyctl", "bpf", "setns"])
def test_what_nobody_needs_is_refused(machine: str, name: str) -> None:
    assert decide(seccomp.program(machine), _AUDIT[machine], _NUMBERS[machine][name]) == errno.EPERM


@machines
@pytest.mark.parametrize("number", [425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 442])
def test_new_calls_have_one_number_everywhere(machine: str, number: int) -> None:
    assert decide(seccomp.program(machine), _AUDIT[machine], number) == errno.EPERM


@machines
def test_clone3_is_unknown(machine: str) -> None:
    assert decide(seccomp.program(machine), _AUDIT[machine], 435) == errno.ENOSYS


@machines
@pytest.mark.parametrize("bit", [17, 25, 26, 27, 28, 29, 30])
@pytest.mark.parametrize("name", ["clone", "unshare"])
def test_every_new_namespace_is_refused(machine: str, bit: int, name: str) -> None:
    flags = 1 << bit | (17 if name == "clone" else 0)
    assert decide(seccomp.program(machine), _AUDIT[machine], _NUMBERS[machine][name], flags) == errno.EPERM


@machines
def test_threads_and_children_are_allowed(machine: str) -> None:
    program, arch, clone = seccomp.program(machine), _AUDIT[machine], _NUMBERS[machine]["clone"]
    assert decide(program, arch, clone, 17) == _ALLOW  # fork: SIGCHLD
    assert decide(program, arch, clone, 0x3D0F00) == _ALLOW  # pthread_create
    assert decide(program, arch, clone, 0x0120_0011) == _ALLOW  # glibc's fork
    assert decide(program, arch, _NUMBERS[machine]["unshare"], 0x400) == _ALLOW  # CLONE_FILES


@machines
def test_only_four_socket_families_are_known(machine: str) -> None:
    program, arch, number = seccomp.program(machine), _AUDIT[machine], _NUMBERS[machine]["socket"]
    allowed = [family for family in range(64) if decide(program, arch, number, family) == _ALLOW]
    refused = {decide(program, arch, number, family) for family in range(64)} - {_ALLOW}
    assert allowed == [1, 2, 10, 16]
    assert refused == {errno.EAFNOSUPPORT}


@pytest.mark.parametrize(
    ("machine", "foreign"),
    [("x86_64", 0x4000_0003), ("x86_64", 0xC000_00B7), ("aarch64", 0x4000_0028), ("aarch64", 0xC000_003E)],
)
def test_a_foreign_architecture_kills_whatever_the_call(machine: str, foreign: int) -> None:
    program = seccomp.program(machine)
    assert {decide(program, foreign, number) for number in (0, 20, 63, 165, 435)} == {_KILL}


@pytest.mark.parametrize("number", [0, 59, 165, 512, 547])
def test_the_x32_interface_is_refused(number: int) -> None:
    assert decide(seccomp.program("x86_64"), _AUDIT["x86_64"], 0x4000_0000 + number) == errno.EPERM


@machines
def test_every_path_ends_in_a_verdict(machine: str) -> None:
    program = seccomp.program(machine)
    for number in range(600):
        for first in (0, 0x7E02_0000, 0xFFFF_FFFF):
            assert decide(program, _AUDIT[machine], number, first) in (
                _ALLOW, errno.EPERM, errno.ENOSYS, errno.EAFNOSUPPORT,
            )  # fmt: skip


@machines
def test_the_program_fits_the_kernel_s_limit(machine: str) -> None:
    assert len(seccomp.program(machine)) // 8 <= 4096


@machines
@pytest.mark.parametrize(
    ("request_number", "decision"),
    [
        (0x5000_940E, errno.EPERM),  # BTRFS_IOC_SUBVOL_CREATE
        (0x5000_9401, errno.EPERM),  # BTRFS_IOC_SNAP_CREATE
        (0xD000_9412, errno.EPERM),  # BTRFS_IOC_INO_LOOKUP
        (0x4004_9409, _ALLOW),  # FICLONE
        (0x4020_940D, _ALLOW),  # FICLONERANGE
        (0xC018_9436, _ALLOW),  # FIDEDUPERANGE
        (0x5401, _ALLOW),  # TCGETS
        (0x541B, _ALLOW),  # FIONREAD
        (0x8008_6601, _ALLOW),  # FS_IOC_GETFLAGS
    ],
)
def test_of_ioctl_only_what_is_for_btrfs_alone_is_refused(
    machine: str, request_number: int, decision: str | int
) -> None:
    code = seccomp.program(machine)
    assert decide(code, _AUDIT[machine], _NUMBERS[machine]["ioctl"], 3, request_number) == decision
