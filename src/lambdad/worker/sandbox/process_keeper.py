"""The parent of one process of a sandbox in the `process` tier; run as a script by a bare interpreter.

It starts the program, tells over the status pipe how that went and how it ended, and does what the
lifeline says: ``k`` kills the whole tree of processes and so does its end, ``s`` stops it, ``c`` lets it
go on, ``t`` and a byte sends that signal to the program alone. On Linux it is a child subreaper, so daemons
that left their parent stay its descendants; elsewhere only the program's process group can be found.

Arguments: descriptors of status and lifeline, then the number of open files allowed, the working
directory, and the program with its arguments. The program's environment and descriptors come first on
the lifeline (length, JSON), because an interpreter adds to the environment it is started with.
"""

# os.path on purpose: pathlib would add to the start of a process that must be small.
# ruff: noqa: PTH110, PTH208

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
import time
from typing import NamedTuple, NoReturn, TypedDict

_PR_SET_CHILD_SUBREAPER = 36
_LOWEST_OWN_FD = 10
_ROUNDS = 50
_ROUND_EVERY_S = 0.001
_STOPPED = "Tt"


class Told(TypedDict):
    """What comes over the lifeline first.

    Each of `descriptors` is one of ours with the numbers it shall have in the program.
    """

    env: dict[str, str]
    descriptors: list[tuple[int, list[int]]]


class Program(NamedTuple):
    """What the keeper starts."""

    argv: list[str]
    cwd: str
    open_files: int
    told: Told


def main(arguments: list[str]) -> None:
    """Start the program and keep it until the lifeline ends."""
    status, lifeline, open_files = map(int, arguments[:3])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    os.set_inheritable(status, False)
    os.set_inheritable(lifeline, False)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    error_read, error_write = os.pipe()
    program = Program(arguments[4:], arguments[3], open_files, _told(lifeline))
    child = os.fork()
    if child == 0:
        _become(error_write, program)
    for descriptor in (error_write, *(ours for ours, _ in program.told["descriptors"])):
        os.close(descriptor)
    failure = os.read(error_read, 4096)  # ends when the program runs: exec closes the other side
    if failure:
        _say(status, b"failed " + failure)
        return
    _say(status, b"started")
    Tree(child, status).keep(lifeline, wake_read)


def _told(lifeline: int) -> Told:
    length = int.from_bytes(os.read(lifeline, 4), "big")
    received = b""
    while len(received) < length:
        received += os.read(lifeline, length - len(received))
    told: Told = json.loads(received)
    return told


class Tree:
    """The program and everything it has started.

    Args:
        child: the program's process; its session and group, too.
        status: where its end is told.
    """

    def __init__(self, child: int, status: int) -> None:
        self._child = child
        self._status = status
        self._runs = True
        self._killed = False
        self._stopped: set[int] = set()

    def keep(self, lifeline: int, wake: int) -> None:
        """Do what the lifeline says until it ends, or until everything that was to be killed is gone."""
        while not (self._killed and not self._runs and not _descendants(os.getpid())):
            ready, _, _ = select.select([lifeline, wake], [], [])
            if wake in ready:
                os.read(wake, 4096)
                self._reap()
            if lifeline in ready and not self._obey(lifeline):
                return

    def _obey(self, lifeline: int) -> bool:
        order = os.read(lifeline, 1)
        if order == b"s":
            self._stop()
        elif order == b"c":
            self._continue()
        elif order == b"t":
            self._signal(os.read(lifeline, 1)[0])
        else:
            self._kill()
        return bool(order)

    def _reap(self) -> None:
        while True:
            try:
                pid, result = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._stopped.discard(pid)
            if pid == self._child:
                self._runs = False
                _say(self._status, b"exited %d" % os.waitstatus_to_exitcode(result))

    def _signal(self, number: int) -> None:
        if self._runs:  # not reaped, so the number is still its own
            _send(self._child, number)

    def _kill(self) -> None:
        self._killed = True
        self._stopped.clear()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child, signal.SIGKILL)
        for _ in range(_ROUNDS):  # a process may fork while we look
            found = _descendants(os.getpid())
            if not found:
                return
            for pid in found:
                _send(pid, signal.SIGKILL)

    def _stop(self) -> None:
        """Stop whatever can be found; what forks meanwhile is found in the next round."""
        before: set[int] = set()
        for _ in range(_ROUNDS):
            found = _descendants(os.getpid())
            going = {pid for pid, state in found.items() if state not in _STOPPED}
            if not going and before == found.keys():
                return
            for pid in going:
                _send(pid, signal.SIGSTOP)
            self._stopped |= going
            before = set(found)
            if going:
                time.sleep(_ROUND_EVERY_S)

    def _continue(self) -> None:
        for pid in self._stopped:
            # Still its own number: its parent is stopped as well, or it is ours to reap.
            _send(pid, signal.SIGCONT)
        self._stopped.clear()


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _descendants(root: int) -> dict[int, str]:
    """Living descendants of `root` with their states; empty where there is no /proc."""
    if os.path.exists(f"/proc/{root}/task/{root}/children"):
        return _by_children(root)
    return _by_parents(root)


def _by_children(root: int) -> dict[int, str]:
    found: dict[int, str] = {}
    to_visit = [root]
    while to_visit:
        pid = to_visit.pop()
        with contextlib.suppress(OSError):
            state, _ = _state(pid)  # before its children: those of a stopped process are all there
            threads = os.listdir(f"/proc/{pid}/task")
            if pid != root and (state != "Z" or len(threads) > 1):
                found[pid] = state
            for thread in threads:
                with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{thread}/children") as file:
                    to_visit += map(int, file.read().split())
    return found


def _by_parents(root: int) -> dict[int, str]:
    """The same on a kernel that does not list children: look at every process."""
    parents: dict[int, int] = {}
    states: dict[int, str] = {}
    try:
        names = os.listdir("/proc")
    except FileNotFoundError:
        return {}
    for name in names:
        if name.isdigit():
            with contextlib.suppress(OSError):
                states[int(name)], parents[int(name)] = _state(int(name))
    found: dict[int, str] = {}
    wave = {root}
    while wave:
        wave = {pid for pid, parent in parents.items() if parent in wave}
        found |= {pid: states[pid] for pid in wave if states[pid] != "Z"}
    return found


def _state(pid: int) -> tuple[str, int]:
    """State and parent of a process."""
    with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
        state, parent = file.read().rpartition(")")[2].split()[:2]
    return state, int(parent)


def _become(error: int, program: Program) -> NoReturn:
    try:
        error = fcntl.fcntl(error, fcntl.F_DUPFD_CLOEXEC, _LOWEST_OWN_FD)
        os.setsid()
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_DFL)  # what is ignored would stay so through exec
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (program.open_files, program.open_files))
        _arrange_descriptors(program.told["descriptors"])
        os.chdir(program.cwd)
        os.execve(program.argv[0], program.argv, program.told["env"])  # noqa: S606 - no shell is the point
    except OSError as failure:
        _say(error, os.strerror(failure.errno or errno.EIO).lower().encode())
    except BaseException as failure:  # noqa: BLE001 - a forked child must not return
        _say(error, repr(failure).encode())
    os._exit(127)


def _arrange_descriptors(descriptors: list[tuple[int, list[int]]]) -> None:
    # pass_fds gave numbers of the server, which may lie anywhere: out of the way of the targets first.
    sources = [
        (fcntl.fcntl(ours, fcntl.F_DUPFD_CLOEXEC, _LOWEST_OWN_FD), numbers) for ours, numbers in descriptors
    ]
    for descriptor in range(3, _highest_descriptor() + 1):
        with contextlib.suppress(OSError):
            os.set_inheritable(descriptor, False)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    for source, numbers in sources:
        for number in numbers:
            os.dup2(source, number)


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
