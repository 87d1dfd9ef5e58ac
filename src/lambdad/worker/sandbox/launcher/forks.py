"""The launcher's end of its fork servers: starts them, has them fork, hears when they are ready or gone."""

# os.path on purpose: pathlib would add to the start of a process that must be small.
# ruff: noqa: PTH100, PTH112, PTH120

from __future__ import annotations

import json
import os
import select
import socket
from collections.abc import Mapping
from typing import NamedTuple, NoReturn, TypedDict

import lambdad
from lambdad.worker.sandbox.launcher import fork_server, rootfs, syscalls
from lambdad.worker.sandbox.launcher.newborn import Origin

_ANSWER_WITHIN_MS = 5_000  # 1 ms is usual
_STDERR = 2
_KILL = 9
_SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(lambdad.__file__)))


class Order(TypedDict):
    """What a fork server is started from: `argv` and `env` of the runtime it stands for."""

    name: str
    argv: list[str]
    env: Mapping[str, str]
    mounts: list[tuple[str, str]]


class _Running(NamedTuple):
    name: str
    pid: int
    control: socket.socket


class ForkServers:
    """Fork servers by name; they live as long as the launcher, or until they are killed.

    Args:
        template: the world they see.
        origin: of the launcher.
        program: descriptor of the program of first processes.
    """

    def __init__(self, template: rootfs.Template, origin: Origin, program: int) -> None:
        self._program = program
        self._template = template
        self._origin = origin
        self._running: dict[str, _Running] = {}
        self._ended: list[dict[str, str | None]] = []

    def start(self, order: Order) -> int:
        """Start one; `hear` tells when it is ready. A descriptor to poll for that and for its end.

        Raises:
            OSError: it cannot be started.
        """
        self.end(order["name"])
        opened: list[int] = []
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            for source, target in (*order["mounts"], (_SOURCE, fork_server.SOURCE)):
                opened.append(rootfs.read_only_tree(source))
                self._template.make_target(target, is_directory=os.path.isdir(source))
            opened += [self._template.copy(), syscalls.open_tree("/proc")]
            pid = os.fork()
            if pid == 0:
                self._become(order, theirs, opened)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
            for descriptor in opened:
                os.close(descriptor)
        self._running[order["name"]] = _Running(order["name"], pid, ours)
        return ours.fileno()

    def hear(self, descriptor: int) -> dict[str, str | None] | None:
        """News for the server of one whose descriptor is readable; None when it is not ours."""
        running = next((one for one in self._running.values() if one.control.fileno() == descriptor), None)
        if running is None:
            return None
        if _said(running.control):
            return {"event": "fork_server", "name": running.name, "error": None}
        self.end(running.name)
        return _news_of_end(running.name, "it ended")

    def news(self) -> list[dict[str, str | None]]:
        """Of those that turned out to have ended while they were to fork; once."""
        told, self._ended = self._ended, []
        return told

    def fork(self, name: str, request: fork_server.Request, descriptors: list[int]) -> None:
        """Have a fork server fork what waits in a sandbox; `fork_server.Request` tells what it takes.

        Raises:
            OSError: it is gone, does not answer, or could not.
        """
        running = self._running.get(name)
        if running is None:
            raise OSError(f"the fork server of {name} is gone")
        try:
            socket.send_fds(running.control, [json.dumps(request).encode()], descriptors)
            answer = _answer(running.control)
        except OSError as error:
            self.end(running.name)
            self._ended.append(_news_of_end(running.name, str(error)))
            raise OSError(f"the fork server of {running.name} is gone: {error}") from error
        if "error" in answer:
            raise OSError(answer.get("errno") or 0, f"the fork server of {running.name}: {answer['error']}")

    def end(self, name: str) -> None:
        """End one; nothing when there is none. What it has made lives on."""
        running = self._running.pop(name, None)
        if running is not None:
            running.control.close()
            os.kill(running.pid, _KILL)
            os.waitpid(running.pid, 0)

    def close(self) -> None:
        """End them all."""
        for name in list(self._running):
            self.end(name)

    def _become(self, order: Order, control: socket.socket, opened: list[int]) -> NoReturn:
        try:
            syscalls.prctl(syscalls.PR_SET_PDEATHSIG, _KILL)
            syscalls.unshare(syscalls.CLONE_NEWNS)
            syscalls.mount(None, "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
            *trees, root, proc = opened
            syscalls.attach_tree(root, ".")
            os.fchdir(root)
            targets = [target for _, target in order["mounts"]] + [fork_server.SOURCE]
            for tree, target in zip(trees, targets, strict=True):
                syscalls.attach_tree(tree, target.lstrip("/"))
            syscalls.attach_tree(proc, "proc")  # or no sandbox below could mount its own
            syscalls.pivot_root_here()
            for number in range(_STDERR):
                os.dup2(os.open("/dev/null", os.O_RDWR), number)
            for descriptor in (control.fileno(), self._program):
                os.set_inheritable(descriptor, True)
            syscalls.close_all_but([control.fileno(), self._program])
            syscalls.default_signals()  # what is ignored here a function would find ignored
            self._execute(order, control.fileno())
        except BaseException as error:  # noqa: BLE001 - a forked child must not return
            os.write(_STDERR, f"the fork server of {order['name']} cannot start: {error}\n".encode())
        os._exit(1)

    def _execute(self, order: Order, descriptor: int) -> NoReturn:
        *interpreter, _client = order["argv"]
        kind = "privileged" if self._origin.privileged else "ordinary"
        arguments = [str(descriptor), str(self._program), self._origin.owner, kind, *order["argv"]]
        env = dict(order["env"])
        os.execve(interpreter[0], [*interpreter, "-c", fork_server.BOOT, *arguments], env)  # noqa: S606


def _news_of_end(name: str, error: str) -> dict[str, str | None]:
    return {"event": "fork_server", "name": name, "error": error}


def _said(control: socket.socket) -> bytes:
    """Its news; none when it is gone."""
    try:
        return control.recv(4096)
    except OSError:  # it had not read its last request
        return b""


def _answer(control: socket.socket) -> dict[str, int]:
    poll = select.poll()
    poll.register(control, select.POLLIN)
    if not poll.poll(_ANSWER_WITHIN_MS):
        raise OSError("it does not answer")
    data = control.recv(4096)
    if not data:
        raise OSError("it ended")
    answer: dict[str, int] = json.loads(data)
    return answer
