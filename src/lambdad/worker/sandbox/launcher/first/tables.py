"""What pid 1 of a sandbox is asked to do, as tables: mount, start and end processes, make a socket.

Before: the server (`namespace_sandbox`) or the probe (`trial`) wants something of a sandbox. After: `table`
packs it, `machine` carries it out.
"""

from __future__ import annotations

import functools
import os
import signal
import socket
from collections.abc import Mapping
from typing import Final, NamedTuple

from lambdad.worker.sandbox.launcher import syscalls
from lambdad.worker.sandbox.launcher.first.becoming import (
    CLOEXEC,
    DUPFD_CLOEXEC,
    FAILED,
    LOWEST_SOURCE,
    TELL,
    Powers,
    arrange,
    be_user,
    limit,
    prefer_to_die,
    renounce,
)
from lambdad.worker.sandbox.launcher.first.machine import CONTROL, NOBODY, PLACES
from lambdad.worker.sandbox.launcher.first.table import (
    Label,
    Stored,
    Table,
    Where,
    given,
)
from lambdad.worker.sandbox.launcher.rootfs import TMP_FLAGS

FIRST_TASKS: Final = CONTROL + 1
"""Descriptors of pid 1: its control socket, the keys to its groups from this one on, then the listeners."""
WAITING_PLACE, WAITING_PID = 0, 2
"""The process that was forked before pid 1 became what it is: the second of its sandbox."""

_AT_FDCWD, _EMPTY_PATH = -100, 4
_DIRECTORY = os.O_DIRECTORY
_STATX_MODE, _STATX_BYTES, _MODE_AT, _FOLLOWED = 2, 256, 28, 0
_RIGHTS_HEAD = 16
_KEPT_TABLES = 128  # of some KB each; most sandboxes are asked the same


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
    return _opened(table, "openat", _AT_FDCWD, table.text(path), os.O_RDONLY | _DIRECTORY | CLOEXEC, 0)


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
    limit(table, range(FIRST_TASKS, FIRST_TASKS + powers.tasks), command.open_files, command.processes)
    sources = [table.call("fcntl", given(n), DUPFD_CLOEXEC, LOWEST_SOURCE) for n in range(count)]
    table.call("dup3", sources[-1], TELL, CLOEXEC)
    late = table.failed = Label()
    arrange(table, sources, command.targets)
    prefer_to_die(table)
    if command.renounces:
        renounce(table, powers)
    be_user(table, powers)
    table.call("chdir", table.text(command.cwd))
    argv = [table.text(word) for word in command.argv]
    env = [table.text(f"{name}={value}") for name, value in command.env.items()]
    table.call("execve", argv[0], table.pointers(argv), table.pointers(env))
    table.failed = None
    table.here(late)
    table.call("write", TELL, table.error, 8)
    table.call("exit_group", FAILED)
    table.here(early)
    table.call("write", given(count - 1), table.error, 8)
    table.call("exit_group", FAILED)


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
