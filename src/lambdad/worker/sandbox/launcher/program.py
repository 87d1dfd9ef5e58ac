"""From the reaper to a process of the function: limits, descriptors, user, exec."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import signal
from collections.abc import Callable
from typing import NamedTuple, NoReturn, TypedDict

from lambdad.worker.sandbox.launcher import syscalls
from lambdad.worker.sandbox.launcher.rootfs import FUNCTION_GID, FUNCTION_UID

_LOWEST_OWN_FD = 10  # above every number a process is given
_STDERR = 2
_OOM_SCORE = b"500"  # functions die before anything else of the host


class _Whether(TypedDict, total=False):
    forked: bool


class Command(_Whether):
    """What to start.

    `targets` tells for each descriptor that came along which numbers it shall have in the process. With
    `forked` nothing is executed: the process is what `argv` says already (`Become`).
    """

    name: str
    argv: list[str]
    env: dict[str, str]
    cwd: str
    targets: list[list[int]]


class Become(Exception):
    """Unwinds a forked process, ready to wait for its function, up to the start of its program."""


class Powers(NamedTuple):
    """What the reaper needs to know to start a function's process.

    Attributes:
        change_user: False in a user namespace that has one user only.
        tasks: descriptors to write 0 into, to enter the control groups.
        arguments: see `newborn.Origin`.
        renounce: gives up what the reaper of a blank still has until it is assigned; None once it has not.
    """

    change_user: bool
    open_files: int
    processes: int
    tasks: list[int]
    arguments: tuple[int, int]
    renounce: Callable[[], None] | None


def fork(command: Command, descriptors: list[int], powers: Powers) -> tuple[int, int]:
    """Start a child on its way to `command`.

    Returns:
        Its pid, and a non-blocking descriptor on which it tells what exec said; the end of it without
        a word is success.

    Raises:
        OSError: there can be no other process now.
        Become: in the child, when it is not to execute anything.
    """
    told, tell = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        pid = os.fork()
    except OSError:
        os.close(told)
        os.close(tell)
        raise
    if pid == 0:
        _become(command, descriptors, tell, powers)
    os.close(tell)
    return pid, told


def words(error: OSError) -> str:
    """What the system says of an error, as exec's errors are told."""
    return os.strerror(error.errno or errno.EIO).lower()


def _become(command: Command, descriptors: list[int], tell: int, powers: Powers) -> NoReturn:
    try:
        _enter_limits(powers)
        tell = fcntl.fcntl(tell, fcntl.F_DUPFD_CLOEXEC, _LOWEST_OWN_FD)
        _arrange_descriptors(descriptors, command["targets"], tell)
        _prefer_to_die()
        if powers.renounce is not None:
            powers.renounce()
        _drop_user(powers)
        os.chdir(command["cwd"])
        argv = command["argv"]
        if command.get("forked"):
            _look_like(argv, powers)
            os.close(tell)
            raise Become
        os.execve(argv[0], argv, command["env"])  # noqa: S606 - no shell is the point
    except Become:
        raise
    except OSError as error:
        os.write(tell, words(error).encode())
    except BaseException as error:  # noqa: BLE001 - a forked child must not return
        os.write(tell, repr(error).encode())
    os._exit(127)


def _look_like(argv: list[str], powers: Powers) -> None:
    """What exec would have done: arguments, name, and a `/proc/self` that is the function's own."""
    syscalls.rename_process(tuple(argv), powers.arguments, argv[0].rpartition("/")[2])
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)


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
    """Raise the OOM score, where there are two users while only the reaper's can reach into this process."""
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)  # or /proc/self would belong to nobody
    with open("/proc/self/oom_score_adj", "wb") as score:
        score.write(_OOM_SCORE)
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)  # exec makes the function's program dumpable


def _drop_user(powers: Powers) -> None:
    os.setsid()
    os.umask(0o022)
    syscalls.default_signals()
    signal.set_wakeup_fd(-1)
    if powers.change_user:
        os.setgroups([])
        os.setresgid(FUNCTION_GID, FUNCTION_GID, FUNCTION_GID)
        os.setresuid(FUNCTION_UID, FUNCTION_UID, FUNCTION_UID)
