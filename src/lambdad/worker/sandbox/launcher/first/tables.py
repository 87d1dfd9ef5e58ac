"""What pid 1 of a sandbox is asked to do, as tables: mount, start and end processes, make a socket.

Before: the server (`namespace_sandbox`) or the probe (`trial`) wants something of a sandbox. After: `table`
packs it, `machine` carries it out.
"""

from __future__ import annotations

import functools
import os
import resource
import signal
import socket
import struct
from collections.abc import Mapping
from typing import Final, NamedTuple

from lambdad.worker.sandbox.launcher import syscalls
from lambdad.worker.sandbox.launcher.first.machine import CONTROL, NOBODY, PLACES
from lambdad.worker.sandbox.launcher.first.table import (
    Label,
    Stored,
    Table,
    Where,
    given,
)
from lambdad.worker.sandbox.launcher.rootfs import FUNCTION_GID, FUNCTION_UID, TMP_FLAGS

FIRST_TASKS: Final = CONTROL + 1
"""Descriptors of pid 1: its control socket, the keys to its groups from this one on, then the listeners."""
WAITING_PLACE, WAITING_PID = 0, 2
"""The process that was forked before pid 1 became what it is: the second of its sandbox."""

_TELL, _LOWEST_SOURCE = 10, 16  # of a child, above every number a process is given
_KEPT_NUMBERS = 4
_STDERR = 2
_OOM_SCORE = b"500"  # functions die before anything else of the host
_FAILED = 127
_AT_FDCWD, _EMPTY_PATH = -100, 4
_DUPFD_CLOEXEC, _CLOEXEC, _DIRECTORY = 1030, 0o2000000, os.O_DIRECTORY
_AMBIENT_CLEAR, _CAPABILITY_VERSION_3, _MOST_CAPABILITIES = 4, 0x2008_0522, 64
_STATX_MODE, _STATX_BYTES, _MODE_AT, _FOLLOWED = 2, 256, 28, 0
_SET_MASK = 2
_RIGHTS_HEAD = 16
_KEPT_TABLES = 128  # of some KB each; most sandboxes are asked the same


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


class Command(NamedTuple):
    """What to start.

    Attributes:
        place: where its process id is kept, and under which its end is told.
        targets: for each descriptor that comes along but the last, the numbers it shall have. On the last one
            the child tells what exec said: 8 bytes, or nothing when it went well.
        renounces: whether pid 1 has its powers still, so that the child has to give them up.
    """

    place: int
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str
    targets: tuple[tuple[int, ...], ...]
    processes: int
    open_files: int
    renounces: bool


@functools.lru_cache(_KEPT_TABLES)
def assign(powers: Powers, targets: tuple[str, ...], tmp_bytes: int | None) -> Table:
    """Mount the trees that come along, give `/tmp` in memory its size, and give up what powers there are."""
    table = Table()
    end = table.failed = Label()
    for number, target in enumerate(targets):
        place = table.text(target)
        table.call("move_mount", given(number), b"\0", _AT_FDCWD, place, _EMPTY_PATH, words=f"mount {target}")
    if tmp_bytes is not None:
        flags = syscalls.MS_REMOUNT | TMP_FLAGS
        table.call("mount", 0, b"/tmp\0", 0, flags, b"size=%d\0" % tmp_bytes, words="size of /tmp")
    renounce(table, powers)
    table.here(end)
    _close_given(table, len(targets))
    table.answer()
    return table


def start(powers: Powers, command: Command) -> Table:
    """Fork a process and have it execute a program; the answer is 0 once it is forked."""
    table = Table()
    end = table.failed = Label()
    child, place = Label(), PLACES + 4 * command.place
    count = len(command.targets) + 1
    table.call("set", place, NOBODY)
    table.call("set", place, table.call("clone", signal.SIGCHLD, 0, 0, 0, 0, zero=child, words="fork"))
    table.here(end)
    _close_given(table, count)
    table.answer()
    done = Label()
    table.go(done)
    table.here(child)
    _become(table, powers, command, count)
    table.here(done)
    return table


@functools.lru_cache(_KEPT_TABLES)
def signal_to(place: int, number: int) -> Table:
    """Send a signal to a process that was started, if it has not ended."""
    table = Table()
    table.call("kill", Stored(PLACES + 4 * place), number)
    return table


@functools.lru_cache(_KEPT_TABLES)
def signal_to_all(number: int) -> Table:
    """Send a signal to everybody but pid 1 itself, in one go: no fork escapes it."""
    table = Table()
    table.call("kill", -1, number)
    return table


@functools.lru_cache(_KEPT_TABLES)
def open_socket() -> Table:
    """Make a TCP socket and hand it over."""
    kind = socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    return _opened(Table(), "socket", socket.AF_INET, kind, 0)


def open_directory(path: str) -> Table:
    """Open a directory and hand it over; whoever gets it must follow no link in it."""
    table = Table()
    return _opened(table, "openat", _AT_FDCWD, table.text(path), os.O_RDONLY | _DIRECTORY | _CLOEXEC, 0)


def modes(paths: list[str]) -> Table:
    """Tell the mode of each file, links followed, or 0; an int each, behind the answer."""
    table = Table()
    found, looked = table.data(bytes(4 * len(paths))), table.data(bytes(_STATX_BYTES))
    for number, path in enumerate(paths):
        missing = table.failed = Label()
        table.call("statx", _AT_FDCWD, table.text(path), _FOLLOWED, 3, looked)
        here = Stored(Where(None, looked.offset + _MODE_AT))
        table.call("set", Where(None, found.offset + 4 * number), here, may_fail=True)
        table.here(missing)
    table.failed = None
    table.forget_error()
    table.send(extra=(found, 4 * len(paths)))
    return table


def _become(table: Table, powers: Powers, command: Command, count: int) -> None:
    """The child, from the fork to exec."""
    early = table.failed = Label()
    for number in range(powers.tasks):
        table.call("write", FIRST_TASKS + number, b"0", 1, words="control group")
    _limit(table, resource.RLIMIT_CORE, 0)
    _limit(table, resource.RLIMIT_NOFILE, command.open_files)
    # Counted per user namespace, so it holds for this sandbox alone even without a pids controller.
    _limit(table, resource.RLIMIT_NPROC, command.processes)
    # Out of the way of the numbers that are given, first.
    sources = [table.call("fcntl", given(n), _DUPFD_CLOEXEC, _LOWEST_SOURCE) for n in range(count)]
    table.call("dup3", sources[-1], _TELL, _CLOEXEC)
    late = table.failed = Label()
    null = table.call("openat", _AT_FDCWD, b"/dev/null\0", os.O_RDWR, 0)
    table.call("dup3", null, 0, 0)
    given_numbers = set()
    for source, numbers in zip(sources, command.targets):  # noqa: B905 - the last one is no target
        for number in numbers:
            table.call("dup3", source, number, 0)
            given_numbers.add(number)
    # Now and not by exec: until then other processes of the function's user may reach into this one, and
    # the control socket is not for them.
    for number in range(_STDERR + 1, _KEPT_NUMBERS + 1):
        if number not in given_numbers:
            table.call("close_range", number, number, 0)
    table.call("close_range", _KEPT_NUMBERS + 1, _TELL - 1, 0)
    table.call("close_range", _TELL + 1, 0xFFFF_FFFF, 0)
    # Where there are two users: while only the one of pid 1 can reach into this process.
    table.call("prctl", syscalls.PR_SET_DUMPABLE, 1)  # or /proc/self would belong to nobody
    score = table.call("openat", _AT_FDCWD, b"/proc/self/oom_score_adj\0", os.O_WRONLY, 0)
    table.call("write", score, _OOM_SCORE, len(_OOM_SCORE))
    table.call("close", score)
    table.call("prctl", syscalls.PR_SET_DUMPABLE, 0)  # exec makes the function's program dumpable
    if command.renounces:
        renounce(table, powers)
    table.call("setsid")
    table.call("umask", 0o022)
    _default_signals(table)
    if powers.privileged:
        table.call("setgroups", 0, 0)
        table.call("setresgid", FUNCTION_GID, FUNCTION_GID, FUNCTION_GID)
        table.call("setresuid", FUNCTION_UID, FUNCTION_UID, FUNCTION_UID)
    table.call("chdir", table.text(command.cwd))
    argv = [table.text(word) for word in command.argv]
    env = [table.text(f"{name}={value}") for name, value in command.env.items()]
    table.call("execve", argv[0], table.pointers(argv), table.pointers(env))
    table.failed = None
    table.here(late)
    table.call("write", _TELL, table.error, 8)
    table.call("exit_group", _FAILED)
    table.here(early)
    table.call("write", given(count - 1), table.error, 8)
    table.call("exit_group", _FAILED)


def _default_signals(table: Table) -> None:
    """Every signal its default action, and none blocked; `syscalls.default_signals` tells why."""
    default = table.data(bytes(32))
    for first, last in ((1, 8), (10, 18), (20, 64)):  # all but KILL and STOP
        table.call("rt_sigaction", first, default, 0, 8, times=last - first + 1)
    table.call("rt_sigprocmask", _SET_MASK, default, 0, 8)


def renounce(table: Table, powers: Powers) -> None:
    """Give up every capability but those to kill and to become the function's user; accept the filter."""
    words = "capabilities and system call filter"
    table.call("prctl", syscalls.PR_CAP_AMBIENT, _AMBIENT_CLEAR, 0, 0, 0, words=words)
    # Until one past the last that this kernel knows.
    table.call(
        "prctl", syscalls.PR_CAPBSET_DROP, 0, 0, 0, 0, may_fail=True, times=_MOST_CAPABILITIES, stepped=1
    )
    kept = (syscalls.CAP_KILL, syscalls.CAP_SETGID, syscalls.CAP_SETUID) if powers.privileged else ()
    low = sum(1 << capability for capability in kept)
    header = struct.pack("<Ii", _CAPABILITY_VERSION_3, 0)
    table.call("capset", header, struct.pack("<6I", low, low, 0, 0, 0, 0), words=words)
    _limit(table, resource.RLIMIT_CORE, 0)
    table.call("prctl", syscalls.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, words=words)
    code = table.data(powers.filter)
    program = table.data(struct.pack("<H6xQ", len(powers.filter) // 8, 0))
    table.point(Where(None, program.offset + 8), [code])
    table.call("prctl", syscalls.PR_SET_SECCOMP, syscalls.SECCOMP_MODE_FILTER, program, 0, 0, words=words)


def _limit(table: Table, what: int, most: int) -> None:
    table.call("prlimit", 0, what, struct.pack("<2Q", most, most), 0)


def _close_given(table: Table, count: int) -> None:
    for number in range(count):
        table.call("close", given(number), may_fail=True)


def _opened(table: Table, name: str, *arguments: int | Where) -> Table:
    """Open something, hand it over and close it here."""
    end = table.failed = Label()
    descriptor = table.call(name, *arguments)
    rights = table.rights(1)
    table.call("set", Where(None, rights.offset + _RIGHTS_HEAD), descriptor)
    table.send(rights=rights)
    table.failed = None
    table.call("close", descriptor)
    done = Label()
    table.go(done)
    table.here(end)
    table.answer()
    table.here(done)
    return table
