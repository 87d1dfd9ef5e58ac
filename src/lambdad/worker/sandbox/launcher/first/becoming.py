"""Rows of tables that make a process of a function out of a fork: limits, descriptors, powers, user.

Before: the first process (`tables`) or a fork server (`forked`) has forked it. After: it executes a program,
or goes on as the interpreter that waits. Nothing of the function's runs before the last of these rows.
"""

from __future__ import annotations

import os
import resource
import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from lambdad.worker.sandbox.launcher import syscalls
from lambdad.worker.sandbox.launcher.first.table import Argument, Stored, Table, Where
from lambdad.worker.sandbox.launcher.rootfs import FUNCTION_GID, FUNCTION_UID

TELL: Final = 10
"""Descriptor of a child on which it tells what went wrong; above every number a process is given."""
LOWEST_SOURCE: Final = 16
FAILED: Final = 127
"""Status of a process that could not become what it was to be."""
DUPFD_CLOEXEC, CLOEXEC = 1030, 0o2000000

_KEPT_NUMBERS = 4
_STDERR = 2
_OOM_SCORE = b"500"  # functions die before anything else of the host
_AT_FDCWD = -100
_AMBIENT_CLEAR, _CAPABILITY_VERSION_3, _MOST_CAPABILITIES = 4, 0x2008_0522, 64
_SET_MASK = 2


class Powers(NamedTuple):
    """What all sandboxes of a server have in common.

    Attributes:
        privileged: whether pid 1 is root of a user namespace with many users; otherwise it has one only.
        tasks: how many descriptors there are to write 0 into, to enter the control groups.
        filter: the system call filter.
    """

    privileged: bool
    tasks: int
    filter: bytes


def limit(table: Table, tasks: Sequence[int], open_files: int, processes: int) -> None:
    """Enter the control groups, whose keys `tasks` are; limit what the kernel counts per process and user."""
    for descriptor in tasks:
        table.call("write", descriptor, b"0", 1, words="control group")
    _limit(table, resource.RLIMIT_CORE, 0)
    _limit(table, resource.RLIMIT_NOFILE, open_files)
    # Counted per user namespace, so it holds for this sandbox alone even without a pids controller.
    _limit(table, resource.RLIMIT_NPROC, processes)


def arrange(table: Table, sources: Sequence[Stored], targets: Sequence[Sequence[int]]) -> None:
    """Give descriptors the numbers they shall have; nothing else stays open but `TELL`.

    Args:
        table: to be added to.
        sources: from `LOWEST_SOURCE` on; what has no targets is closed.
        targets: the numbers of each.
    """
    null = table.call("openat", _AT_FDCWD, b"/dev/null\0", os.O_RDWR, 0)
    table.call("dup3", null, 0, 0)
    given_numbers = set()
    for source, numbers in zip(sources, targets):  # noqa: B905 - the last one is no target
        for number in numbers:
            table.call("dup3", source, number, 0)
            given_numbers.add(number)
    # Now and not by exec: until then other processes of the function's user may reach into this one, and
    # the control socket is not for them.
    for number in range(_STDERR + 1, _KEPT_NUMBERS + 1):
        if number not in given_numbers:
            table.call("close_range", number, number, 0)
    table.call("close_range", _KEPT_NUMBERS + 1, TELL - 1, 0)
    table.call("close_range", TELL + 1, 0xFFFF_FFFF, 0)


def prefer_to_die(table: Table) -> None:
    """Raise the OOM score, where there are two users while only that of pid 1 can reach into this process."""
    table.call("prctl", syscalls.PR_SET_DUMPABLE, 1)  # or /proc/self would belong to nobody
    score = table.call("openat", _AT_FDCWD, b"/proc/self/oom_score_adj\0", os.O_WRONLY, 0)
    table.call("write", score, _OOM_SCORE, len(_OOM_SCORE))
    table.call("close", score)
    table.call("prctl", syscalls.PR_SET_DUMPABLE, 0)  # exec makes the function's program dumpable


def be_root(table: Table, powers: Powers) -> None:
    """Be root of the user namespace: who leaves that, and it alone, loses every capability by it."""
    if powers.privileged:
        table.call("setresgid", 0, 0, 0)
        table.call("setgroups", 0, 0)
        table.call("setresuid", 0, 0, 0)


def be_user(table: Table, powers: Powers) -> None:
    """A session of its own, every signal as it is by default, and the function's user."""
    table.call("setsid")
    table.call("umask", 0o022)
    _default_signals(table)
    if powers.privileged:
        table.call("setgroups", 0, 0)
        table.call("setresgid", FUNCTION_GID, FUNCTION_GID, FUNCTION_GID)
        table.call("setresuid", FUNCTION_UID, FUNCTION_UID, FUNCTION_UID)


def renounce(table: Table, powers: Powers) -> None:
    """Give up every capability but those to kill and to become the function's user; accept the filter."""
    words = "capabilities and system call filter"
    table.call("prctl", syscalls.PR_CAP_AMBIENT, _AMBIENT_CLEAR, 0, 0, 0, words=words)
    # Until one past the last that this kernel knows.
    table.call(
        "prctl", syscalls.PR_CAPBSET_DROP, 0, 0, 0, 0, may_fail=True, times=_MOST_CAPABILITIES, stepped=1
    )
    kept = (syscalls.CAP_KILL, syscalls.CAP_SETGID, syscalls.CAP_SETUID) if powers.privileged else ()
    keep_capabilities(table, kept)
    _limit(table, resource.RLIMIT_CORE, 0)
    table.call("prctl", syscalls.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, words=words)
    code = table.data(powers.filter)
    program = table.data(struct.pack("<H6xQ", len(powers.filter) // 8, 0))
    table.point(Where(None, program.offset + 8), [code])
    table.call("prctl", syscalls.PR_SET_SECCOMP, syscalls.SECCOMP_MODE_FILTER, program, 0, 0, words=words)


def keep_capabilities(table: Table, kept: Sequence[int]) -> None:
    """Give up every capability but these."""
    low = sum(1 << capability for capability in kept)
    header = struct.pack("<Ii", _CAPABILITY_VERSION_3, 0)
    sets: Argument = struct.pack("<6I", low, low, 0, 0, 0, 0)
    table.call("capset", header, sets, words="capabilities and system call filter")


def _default_signals(table: Table) -> None:
    """Every signal its default action, and none blocked; `syscalls.default_signals` tells why."""
    default = table.data(bytes(32))
    for first, last in ((1, 8), (10, 18), (20, 64)):  # all but KILL and STOP
        table.call("rt_sigaction", first, default, 0, 8, times=last - first + 1)
    table.call("rt_sigprocmask", _SET_MASK, default, 0, 8)


def _limit(table: Table, what: int, most: int) -> None:
    table.call("prlimit", 0, what, struct.pack("<2Q", most, most), 0)
