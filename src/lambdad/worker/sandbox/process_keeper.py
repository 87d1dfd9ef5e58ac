"""The parent of one main process in the `process` tier; run as a script by a bare interpreter.

It starts the program, tells over the status pipe how that went and how it ended, and kills the whole tree
of processes when the lifeline says ``k`` or ends. On Linux it is a child subreaper, so daemons that left
their parent stay its descendants; elsewhere only the process group of the main process can be found.

Arguments: descriptors of output, channel, status and lifeline, then the number of open files allowed,
the working directory, and the program with its arguments. The program's environment comes first on the
lifeline (length, JSON), because an interpreter adds to the environment it is started with.
"""

# os.path on purpose: pathlib would add to the start of a process that must be small.
# ruff: noqa: PTH208

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import resource
import select
import signal
import sys
from typing import NamedTuple, NoReturn

_PR_SET_CHILD_SUBREAPER = 36
_LOWEST_OWN_FD = 10
_ROUNDS = 50


class Program(NamedTuple):
    """What the keeper starts."""

    argv: list[str]
    env: dict[str, str]
    cwd: str
    open_files: int


def main(arguments: list[str]) -> None:
    """Start the program and keep it until the lifeline ends."""
    output, channel, status, lifeline, open_files = map(int, arguments[:5])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    os.set_inheritable(status, False)
    os.set_inheritable(lifeline, False)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    error_read, error_write = os.pipe()
    program = Program(arguments[6:], _environment(lifeline), arguments[5], open_files)
    child = os.fork()
    if child == 0:
        _become(output, channel, error_write, program)
    for descriptor in (output, channel, error_write):
        os.close(descriptor)
    failure = os.read(error_read, 4096)  # ends when the program runs: exec closes the other side
    if failure:
        _say(status, b"failed " + failure)
        return
    _say(status, b"started")
    _keep(child, status, lifeline, wake_read)


def _environment(lifeline: int) -> dict[str, str]:
    length = int.from_bytes(os.read(lifeline, 4), "big")
    told = b""
    while len(told) < length:
        told += os.read(lifeline, length - len(told))
    environment: dict[str, str] = json.loads(told)
    return environment


def _keep(child: int, status: int, lifeline: int, wake: int) -> None:
    while True:
        ready, _, _ = select.select([lifeline, wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
            _reap(child, status)
        if lifeline in ready:
            order = os.read(lifeline, 1)
            _kill_tree(child)
            if not order:
                return


def _reap(child: int, status: int) -> None:
    while True:
        try:
            pid, result = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if pid == child:
            _say(status, b"exited %d" % os.waitstatus_to_exitcode(result))


def _kill_tree(child: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    for _ in range(_ROUNDS):  # a process may fork while we look
        found = _descendants(os.getpid())
        if not found:
            return
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def _descendants(root: int) -> list[int]:
    """Living descendants of `root`; empty where there is no /proc."""
    parents: dict[int, int] = {}
    try:
        names = os.listdir("/proc")
    except FileNotFoundError:
        return []
    for name in names:
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", encoding="latin-1") as file:
                state, parent = file.read().rpartition(")")[2].split()[:2]
                if state != "Z":
                    parents[int(name)] = int(parent)
    found: list[int] = []
    wave = {root}
    while wave:
        wave = {pid for pid, parent in parents.items() if parent in wave}
        found += wave
    return found


def _become(output: int, channel: int, error: int, program: Program) -> NoReturn:
    try:
        error = fcntl.fcntl(error, fcntl.F_DUPFD_CLOEXEC, _LOWEST_OWN_FD)
        os.setsid()
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_DFL)  # what is ignored would stay so through exec
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (program.open_files, program.open_files))
        _arrange_descriptors(output, channel)
        os.chdir(program.cwd)
        os.execve(program.argv[0], program.argv, program.env)  # noqa: S606 - no shell is the point
    except OSError as failure:
        _say(error, os.strerror(failure.errno or errno.EIO).lower().encode())
    except BaseException as failure:  # noqa: BLE001 - a forked child must not return
        _say(error, repr(failure).encode())
    os._exit(127)


def _arrange_descriptors(output: int, channel: int) -> None:
    # pass_fds gave numbers of the server, which may lie anywhere: out of the way of 0 to 4 first.
    output = fcntl.fcntl(output, fcntl.F_DUPFD_CLOEXEC, _LOWEST_OWN_FD)
    channel = fcntl.fcntl(channel, fcntl.F_DUPFD_CLOEXEC, _LOWEST_OWN_FD)
    null = os.open(os.devnull, os.O_RDWR)
    for source, target in ((null, 0), (output, 1), (output, 2), (output, 3), (channel, 4)):
        os.dup2(source, target)
    for descriptor in range(5, _highest_descriptor() + 1):
        with contextlib.suppress(OSError):
            os.set_inheritable(descriptor, False)


def _highest_descriptor() -> int:
    for place in ("/proc/self/fd", "/dev/fd"):
        with contextlib.suppress(OSError):
            return max(int(name) for name in os.listdir(place))
    return 255


def _say(status: int, line: bytes) -> None:
    with contextlib.suppress(OSError):
        os.write(status, line + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
