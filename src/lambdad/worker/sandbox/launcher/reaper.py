"""Pid 1 of a sandbox: starts the main process, kills everything on demand, reaps orphans.

It has given up all capabilities but those to kill and to become the function's user, is bound by the
system call filter, and holds no descriptor but its control socket and the keys to the sandbox's control
groups. When the control socket ends it exits, and the kernel ends the rest of the sandbox with it.

Messages (JSON, one per packet): ``start`` with two descriptors (output, channel) is answered by
``started`` or ``not_started``; ``kill`` is not answered; ``exited`` tells of the main process's end.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import resource
import select
import signal
import socket
from typing import NamedTuple, NoReturn, TypedDict, cast

from lambdad.worker.sandbox.launcher import syscalls
from lambdad.worker.sandbox.launcher.rootfs import FUNCTION_GID, FUNCTION_UID

MAX_MESSAGE_BYTES = 200 * 1024  # below the kernel's default for one packet (net.core.wmem_default)
_LOWEST_OWN_FD = 10
_OOM_SCORE = b"500"  # functions die before anything else of the host


class Command(TypedDict):
    """``start`` or ``kill``; the other members belong to ``start``."""

    op: str
    argv: list[str]
    env: dict[str, str]
    cwd: str


class Powers(NamedTuple):
    """What the reaper needs to know to start a function's process.

    Attributes:
        change_user: False in a user namespace that has one user only.
        tasks: descriptors to write 0 into, to enter the control groups.
    """

    change_user: bool
    open_files: int
    processes: int
    tasks: list[int]


def run(control: socket.socket, powers: Powers) -> NoReturn:
    """Serve the control socket until it ends."""
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # pid 1 has no default action, so: ignored
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(wake_read, select.POLLIN)
    main = -1
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if wake_read in ready:
            os.read(wake_read, 4096)
        # The end of the old main process must be told before a new one is started.
        main = _reap(control, main)
        if control.fileno() in ready:
            main = _serve(control, powers, main)


def _serve(control: socket.socket, powers: Powers, main: int) -> int:
    message, descriptors, _, _ = socket.recv_fds(control, MAX_MESSAGE_BYTES, 2, socket.MSG_CMSG_CLOEXEC)
    if not message:
        os._exit(0)
    command = cast("Command", json.loads(message))
    if command["op"] == "kill":
        _kill_all()
        return main
    if main != -1:
        error: str | None = "a main process is running already"
    else:
        main, error = _start(command, descriptors, powers)
    for descriptor in descriptors:
        os.close(descriptor)
    _send(control, {"event": "not_started", "error": error} if error else {"event": "started"})
    return main


def _reap(control: socket.socket, main: int) -> int:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return main
        if pid == 0:
            return main
        if pid == main:
            main = -1
            killed = os.WIFSIGNALED(status)
            _send(
                control,
                {
                    "event": "exited",
                    "code": None if killed else os.WEXITSTATUS(status),
                    "signal": os.WTERMSIG(status) if killed else None,
                },
            )


def _kill_all() -> None:
    try:
        os.kill(-1, signal.SIGKILL)  # everybody but pid 1 itself, in one go: no fork escapes it
    except ProcessLookupError:
        return


def _start(command: Command, descriptors: list[int], powers: Powers) -> tuple[int, str | None]:
    error_read, error_write = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        _become(command, descriptors, error_write, powers)
    os.close(error_write)
    failure = os.read(error_read, 4096)
    os.close(error_read)
    if not failure:
        return pid, None
    os.waitpid(pid, 0)
    return -1, failure.decode()


def _become(command: Command, descriptors: list[int], error_fd: int, powers: Powers) -> NoReturn:
    try:
        _enter_limits(powers)
        error_fd = fcntl.fcntl(error_fd, fcntl.F_DUPFD_CLOEXEC, _LOWEST_OWN_FD)
        _arrange_descriptors(*descriptors)
        _drop_user(powers)
        os.chdir(command["cwd"])
        argv = command["argv"]
        os.execve(argv[0], argv, command["env"])  # noqa: S606 - no shell is the point
    except OSError as error:
        os.write(error_fd, _words(error).encode())
    except BaseException as error:  # noqa: BLE001 - a forked child must not return
        os.write(error_fd, repr(error).encode())
    os._exit(127)


def _words(error: OSError) -> str:
    return os.strerror(error.errno or errno.EIO).lower()


def _enter_limits(powers: Powers) -> None:
    for descriptor in powers.tasks:
        os.write(descriptor, b"0")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (powers.open_files, powers.open_files))
    # Counted per user namespace, so it holds for this sandbox alone even without a pids controller.
    resource.setrlimit(resource.RLIMIT_NPROC, (powers.processes, powers.processes))


def _arrange_descriptors(output: int, channel: int) -> None:
    output = fcntl.fcntl(output, fcntl.F_DUPFD, _LOWEST_OWN_FD)
    channel = fcntl.fcntl(channel, fcntl.F_DUPFD, _LOWEST_OWN_FD)
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    for target in (1, 2, 3):
        os.dup2(output, target)
    os.dup2(channel, 4)
    syscalls.close_range(5, flags=syscalls.CLOSE_RANGE_CLOEXEC)


def _drop_user(powers: Powers) -> None:
    os.setsid()
    os.umask(0o022)
    syscalls.default_signals()
    signal.set_wakeup_fd(-1)
    if powers.change_user:
        os.setgroups([])
        os.setresgid(FUNCTION_GID, FUNCTION_GID, FUNCTION_GID)
        os.setresuid(FUNCTION_UID, FUNCTION_UID, FUNCTION_UID)
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)  # or /proc/self would belong to nobody
    with open("/proc/self/oom_score_adj", "wb") as score:
        score.write(_OOM_SCORE)


def _send(control: socket.socket, message: dict[str, object]) -> None:
    try:
        control.send(json.dumps(message).encode())
    except OSError:
        os._exit(0)  # nobody is left to serve
