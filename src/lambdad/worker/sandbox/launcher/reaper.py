"""Pid 1 of a sandbox: starts processes by name, kills everything on demand, reaps orphans.

It has given up all capabilities but those to kill and to become the function's user, is bound by the
system call filter, and holds no descriptor but its control socket and the keys to the sandbox's control
groups. When the control socket ends it exits, and the kernel ends the rest of the sandbox with it.

A blank's reaper keeps its powers until ``assign`` brings the trees to mount; only our own waiting program
has run by then. It is answered by ``assigned`` or ``unassigned``.

Messages (JSON, one per packet): ``start`` with the process's descriptors is answered by ``started`` or
``not_started``; ``exited`` tells of a started process's end; these carry its name. ``signal``, ``kill``,
``stop`` and ``continue`` are not answered. ``socket`` and ``executables`` are answered under the number
they were asked with.
"""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import socket
from collections.abc import Callable
from typing import NoReturn, TypedDict, cast

from lambdad.worker.sandbox.launcher import program, rootfs, syscalls
from lambdad.worker.sandbox.launcher.listing import executables

MAX_MESSAGE_BYTES = 200 * 1024  # below the kernel's default for one packet (net.core.wmem_default)
_MOST_DESCRIPTORS = 16


class _About(TypedDict):
    """``signal``: to whom, and which."""

    name: str
    number: int


class _Assignment(TypedDict):
    """``assign``: where the trees that came along are mounted, and how large a `/tmp` in memory is."""

    targets: list[str]
    tmp_bytes: int | None


class _Question(TypedDict):
    """``socket`` or ``executables``; the latter has a directory."""

    number: int
    directory: str


class Reaper:
    """The processes that were asked for, by pid; whatever else they fork has no name.

    Args:
        control: the packets of the server.
        powers: what processes are started with.
    """

    def __init__(self, control: socket.socket, powers: program.Powers) -> None:
        self._control = control
        self._powers = powers
        self._names: dict[int, str] = {}
        self._starting: dict[int, int] = {}  # descriptor that tells whether exec went well → pid
        self._poll = select.poll()
        self._orders: dict[str, Callable[[object, list[int]], None]] = {
            "start": self._start,
            "assign": self._assign,
            "signal": self._signal,
            "kill": lambda _message, _descriptors: _everybody(signal.SIGKILL),
            "stop": lambda _message, _descriptors: _everybody(signal.SIGSTOP),
            "continue": lambda _message, _descriptors: _everybody(signal.SIGCONT),
            "socket": self._open_socket,
            "executables": self._list,
        }

    def run(self) -> NoReturn:
        """Serve the control socket until it ends."""
        wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # pid 1 has no default action, so: ignored
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        self._poll.register(self._control, select.POLLIN)
        self._poll.register(wake_read, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in self._poll.poll()}
            if wake_read in ready:
                os.read(wake_read, 4096)
            for descriptor in ready & self._starting.keys():
                self._hear_of_exec(descriptor)
            # The end of a process must be told before another of its name is started.
            self._reap()
            if self._control.fileno() in ready:
                self._serve()

    def _serve(self) -> None:
        message, descriptors, _, _ = socket.recv_fds(self._control, MAX_MESSAGE_BYTES, _MOST_DESCRIPTORS)
        if not message:
            os._exit(0)
        order = json.loads(message)
        self._orders[order["op"]](order, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)

    def _assign(self, message: object, trees: list[int]) -> None:
        assignment = cast("_Assignment", message)
        renounce = self._powers.renounce
        if renounce is None:
            self._tell({"event": "unassigned", "error": "it is assigned already"})
            return
        try:
            for tree, target in zip(trees, assignment["targets"], strict=True):
                syscalls.attach_tree(tree, target)
            if assignment["tmp_bytes"] is not None:
                rootfs.resize_tmp(assignment["tmp_bytes"])
            renounce()
        except (OSError, ValueError) as error:
            self._tell({"event": "unassigned", "error": str(error)})
            return
        self._powers = self._powers._replace(renounce=None)
        self._tell({"event": "assigned"})

    def _start(self, message: object, descriptors: list[int]) -> None:
        command = cast("program.Command", message)
        name = command["name"]
        if name in self._names.values():
            self._tell({"event": "not_started", "name": name, "error": f"{name} is running already"})
            return
        try:
            pid, told = program.fork(command, descriptors, self._powers)
        except OSError as error:  # no process or memory is left
            self._tell({"event": "not_started", "name": name, "error": program.words(error)})
            return
        self._names[pid] = name
        # Waiting for it here would let other processes of the function's user, which can stop the child
        # before it executes, stop pid 1 as well.
        self._starting[told] = pid
        self._poll.register(told, select.POLLIN)

    def _hear_of_exec(self, descriptor: int) -> None:
        """The other side was closed by exec, or tells what exec said, or its holder is dead."""
        try:
            failure = os.read(descriptor, 4096)
        except BlockingIOError:
            failure = b""
        self._poll.unregister(descriptor)
        os.close(descriptor)
        pid = self._starting.pop(descriptor)
        name = self._names[pid]
        if failure:
            del self._names[pid]
            self._tell({"event": "not_started", "name": name, "error": failure.decode(errors="replace")})
        else:
            self._tell({"event": "started", "name": name})

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._names:
                self._bury(pid, status)

    def _bury(self, pid: int, status: int) -> None:
        for descriptor in [told for told, starting in self._starting.items() if starting == pid]:
            self._hear_of_exec(descriptor)
        name = self._names.pop(pid, None)
        if name is None:
            return  # it was not even started
        killed = os.WIFSIGNALED(status)
        self._tell(
            {
                "event": "exited",
                "name": name,
                "code": None if killed else os.WEXITSTATUS(status),
                "signal": os.WTERMSIG(status) if killed else None,
            }
        )

    def _signal(self, message: object, _descriptors: list[int]) -> None:
        about = cast("_About", message)
        for pid, name in self._names.items():
            if name == about["name"]:
                os.kill(pid, about["number"])  # ours to reap, so the number is still its own

    def _open_socket(self, message: object, _descriptors: list[int]) -> None:
        question = cast("_Question", message)
        try:
            made = socket.socket(
                socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
            )
        except OSError as error:
            self._tell({"event": "answer", "number": question["number"], "error": program.words(error)})
            return
        with made:
            self._tell({"event": "answer", "number": question["number"]}, [made.fileno()])

    def _list(self, message: object, _descriptors: list[int]) -> None:
        question = cast("_Question", message)
        names = executables(question["directory"])
        self._tell({"event": "answer", "number": question["number"], "names": names})

    def _tell(self, message: dict[str, object], descriptors: list[int] | None = None) -> None:
        try:
            socket.send_fds(self._control, [json.dumps(message).encode()], descriptors or [])
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                raise
            os._exit(0)  # nobody is left to serve


def _everybody(number: int) -> None:
    try:
        os.kill(-1, number)  # everybody but pid 1 itself, in one go: no fork escapes it
    except ProcessLookupError:
        return
