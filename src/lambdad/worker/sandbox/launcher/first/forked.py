"""What a fork of a fork server does before it is an interpreter again: it becomes the process that waits.

Before: the fork server has cloned who clones it (`spawning`). After: it returns into its copy of the
interpreter, in its sandbox, as the function's user. Rows of a table, because a forked interpreter copies
every page that it touches, and making these calls touches hundreds.
"""

from __future__ import annotations

import errno
import functools
import signal
import struct
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
    be_root,
    be_user,
    keep_capabilities,
    limit,
    prefer_to_die,
    renounce,
)
from lambdad.worker.sandbox.launcher.first.table import Label, Stored, Table, Where

CLONE_ARGUMENTS: Final = struct.Struct("=11Q")
"""`struct clone_args` of clone3(2)."""
INTO_CGROUP: Final = 0x2_0000_0000

_SET_NAME = 15
_NAME_BYTES = 15
_KEPT_TABLES = 16


class Fork(NamedTuple):
    """One that waits: what it is forked into, and what it looks like then.

    Attributes:
        sandbox: a pidfd of the sandbox's first process.
        namespaces: CLONE_NEW… of those to enter.
        gate: a pipe on which that process says that the sandbox is made.
        born_into: a version 2 group.
        tasks: keys to control groups.
        waiting: its descriptors, and one more to tell on what went wrong: a negative error number, or 0, of
            8 bytes.
        targets: which numbers each descriptor shall have.
        argv: its arguments, as everybody sees them.
        area: where the fork server's own arguments lie; address and size.
        actions: signal → action (`struct sigaction`) where that is not the default one.
    """

    sandbox: int
    namespaces: int
    gate: int
    born_into: int | None
    tasks: tuple[int, ...]
    waiting: tuple[int, ...]
    targets: tuple[tuple[int, ...], ...]
    argv: tuple[str, ...]
    area: tuple[int, int]
    open_files: int
    processes: int
    actions: tuple[tuple[int, bytes], ...]


@functools.lru_cache(_KEPT_TABLES)
def packed(base: int, powers: Powers, fork: Fork) -> bytes:
    """The table, to lie at `base`, of who clones it and ends; the clone carries out the rest of it.

    Descriptors mostly have the same numbers again, so it is mostly made already.
    """
    table = Table(base=base)
    failed = table.failed = Label()
    flags, group = (0, 0) if fork.born_into is None else (INTO_CGROUP, fork.born_into)
    wanted = CLONE_ARGUMENTS.pack(flags, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, 0, 0, group)
    child = Label()
    table.call("clone3", wanted, len(wanted), zero=child)
    table.call("exit_group", 0)
    table.here(failed)
    table.failed = None
    table.call("exit_group", errno.EAGAIN)
    table.here(child)
    _become(table, powers, fork)
    return table.packed()


def _become(table: Table, powers: Powers, fork: Fork) -> None:
    early, gone, done = Label(), Label(), Label()
    table.failed = early
    table.call("read", fork.gate, table.unused, 1, zero=gone)
    table.call("setns", fork.sandbox, fork.namespaces)
    be_root(table, powers)
    limit(table, fork.tasks, fork.open_files, fork.processes)
    sources = [table.call("fcntl", one, DUPFD_CLOEXEC, LOWEST_SOURCE) for one in fork.waiting]
    table.call("dup3", sources[-1], TELL, CLOEXEC)
    late = table.failed = Label()
    arrange(table, sources, fork.targets)
    prefer_to_die(table)
    renounce(table, powers)
    be_user(table, powers)
    keep_capabilities(table, ())
    for number, action in fork.actions:
        table.call("rt_sigaction", number, action, 0, 8)
    table.call("chdir", b"/\0")
    _look_like(table, fork)
    table.call("write", TELL, table.error, 8)  # no error
    table.call("close", TELL)
    table.go(done)
    table.failed = None
    table.here(gone)
    table.call("exit_group", 1)
    for label, tell in ((early, fork.waiting[-1]), (late, TELL)):
        table.here(label)
        table.call("write", tell, table.error, 8, may_fail=True)
        table.call("exit_group", FAILED)
    table.here(done)


def _look_like(table: Table, fork: Fork) -> None:
    """What exec would have done: arguments, name, and a `/proc/self` that is the function's own."""
    start, size = fork.area
    shown = "\0".join(fork.argv).encode()[: size - 1].ljust(size, b"\0")
    pipe = table.data(bytes(8))
    table.call("pipe2", pipe, CLOEXEC)  # through which the bytes come to where they belong
    read, write = Stored(pipe), Stored(Where(None, pipe.offset + 4))
    table.call("write", write, shown, size)
    table.call("read", read, start, size)
    table.call("close", read)
    table.call("close", write)
    name = fork.argv[0].rpartition("/")[2].encode()[:_NAME_BYTES] + b"\0"
    table.call("prctl", _SET_NAME, name)
    table.call("prctl", syscalls.PR_SET_DUMPABLE, 1)
