"""From a fork server to the process that waits in a sandbox: limits, descriptors, user; nothing is executed.

Before: a fork server has forked it. After: `waiting` waits for the function. What is executed in a sandbox is
started by its first process instead (`first.tables`), in the same order.
"""

from __future__ import annotations

import errno
import fcntl
import os
import resource
from collections.abc import Callable
from typing import NamedTuple, NoReturn, TypedDict

from lambdad.worker.sandbox.launcher import seccomp, syscalls
from lambdad.worker.sandbox.launcher.rootfs import FUNCTION_GID, FUNCTION_UID

_LOWEST_OWN_FD = 10  # above every number a process is given
_STDERR = 2
_TOLD_BYTES = 8
_OOM_SCORE = b"500"  # functions die before anything else of the host


class Waits(TypedDict):
    """What waits: `argv` as it is to be seen, and which numbers each of its descriptors shall have."""

    argv: list[str]
    targets: list[list[int]]


class Become(Exception):
    """Unwinds a forked process, ready to wait for its function, up to the start of its program."""


class Powers(NamedTuple):
    """What the process that waits is started with.

    Attributes:
        change_user: False in a user namespace that has one user only.
        tasks: descriptors to write 0 into, to enter the control groups.
        arguments: see `newborn.Origin`.
        filter: the system call filter.
    """

    change_user: bool
    open_files: int
    processes: int
    tasks: list[int]
    arguments: tuple[int, int]
    filter: bytes


def become(waits: Waits, descriptors: list[int], powers: Powers, enter: Callable[[], None]) -> NoReturn:
    """Be the process that waits, as a fresh fork of a fork server.

    Args:
        waits: what it looks like.
        descriptors: those of `Waits.targets`; and one on which it tells what went wrong, as an error number
            below 0 (8 bytes), or 0 when nothing did.
        powers: what it is started with.
        enter: waits until its sandbox is made, and enters it.

    Raises:
        Become: it is ready to wait.
    """
    tell = descriptors.pop()
    try:
        enter()
        _become_root(powers)
        _enter_limits(powers)
        tell = fcntl.fcntl(tell, fcntl.F_DUPFD_CLOEXEC, _LOWEST_OWN_FD)
        _arrange_descriptors(descriptors, waits["targets"], tell)
        _prefer_to_die()
        _renounce(powers)
        _drop_user(powers)
        os.chdir("/")
        _look_like(waits["argv"], powers)
        os.write(tell, bytes(_TOLD_BYTES))
        os.close(tell)
        raise Become
    except Become:
        raise
    except BaseException as error:  # noqa: BLE001 - a forked child must not return
        number = error.errno if isinstance(error, OSError) else None
        os.write(tell, (-(number or errno.EIO)).to_bytes(_TOLD_BYTES, "little", signed=True))
    os._exit(127)


def _renounce(powers: Powers) -> None:
    """Give up every capability but those to become the function's user; accept the filter."""
    syscalls.drop_bounding_set()
    syscalls.keep_capabilities((syscalls.CAP_SETGID, syscalls.CAP_SETUID) if powers.change_user else ())
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    seccomp.install(powers.filter)


def _look_like(argv: list[str], powers: Powers) -> None:
    """What exec would have done: arguments, name, and a `/proc/self` that is the function's own."""
    syscalls.rename_process(tuple(argv), powers.arguments, argv[0].rpartition("/")[2])
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)


def _become_root(powers: Powers) -> None:
    """Be root of the user namespace: who leaves that, and it alone, loses every capability by it."""
    if powers.change_user:
        os.setresgid(0, 0, 0)
        os.setgroups([])
        os.setresuid(0, 0, 0)


def _enter_limits(powers: Powers) -> None:
    for descriptor in powers.tasks:
        os.write(descriptor, b"0")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (powers.open_files, powers.open_files))
    # Counted per user namespace, so it holds for this sandbox alone even without a pids controller.
    resource.setrlimit(resource.RLIMIT_NPROC, (powers.processes, powers.processes))


def _arrange_descriptors(descriptors: list[int], targets: list[list[int]], tell: int) -> None:
    # Out of the way of the numbers that are given, first.
    sources = [fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, _LOWEST_OWN_FD) for one in descriptors]
    os.dup2(os.open("/dev/null", os.O_RDWR), 0)
    given = {number: source for source, numbers in zip(sources, targets, strict=True) for number in numbers}
    for number, source in given.items():
        os.dup2(source, number)
    # Now and not by exec: until then other processes of the function's user may reach into this one, and
    # the control socket is not for them.
    syscalls.close_all_but([number for number in given if number > _STDERR] + [tell])


def _prefer_to_die() -> None:
    """Raise the OOM score, where there are two users while only that of pid 1 can reach into this process."""
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)  # or /proc/self would belong to nobody
    with open("/proc/self/oom_score_adj", "wb") as score:
        score.write(_OOM_SCORE)
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)


def _drop_user(powers: Powers) -> None:
    os.setsid()
    os.umask(0o022)
    syscalls.default_signals()
    if powers.change_user:
        os.setgroups([])
        os.setresgid(FUNCTION_GID, FUNCTION_GID, FUNCTION_GID)
        os.setresuid(FUNCTION_UID, FUNCTION_UID, FUNCTION_UID)
    syscalls.keep_capabilities(())
