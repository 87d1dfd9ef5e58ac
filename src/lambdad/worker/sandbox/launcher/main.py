"""The launcher's loop: requests of the server in, news of sandboxes out.

Requests (JSON, one per packet): ``create`` with the descriptor of its first process's control socket (and
those of the process that waits), ``destroy``, ``trees`` (what a blank is to mount, answered under its number
with detached trees; the size of its `/tmp` is set with it), ``snapshot`` and ``restore`` (`imaging`),
``fork_server`` (start one). News: ``hello`` with what the probe found, ``gone`` when a sandbox has ended and
its control groups are removed, ``tmp_in_memory`` when one was made whose `/tmp` could not lie on disk,
``fork_server`` when one is ready or gone. (That a sandbox could not be made is said on its own control
socket.) When the server's end closes,
every sandbox is ended and removed, and so is the launcher.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
from contextlib import suppress
from typing import TypedDict, cast

from lambdad.worker.sandbox.launcher.birth import Newborn
from lambdad.worker.sandbox.launcher.forks import Order
from lambdad.worker.sandbox.launcher.imaging import start_restore, start_snapshot
from lambdad.worker.sandbox.launcher.newborn import Wish
from lambdad.worker.sandbox.launcher.prepare import Makers, Prepared, Setting, prepare

_MAX_REQUEST_BYTES = 200 * 1024
_RETRY_MS = 5
_MOST_DESCRIPTORS = 8


class Assignment(TypedDict):
    """What a blank gets of the launcher."""

    id: str
    mounts: list[tuple[str, str]]
    tmp_bytes: int


class ImageOrder(TypedDict):
    """``snapshot`` or ``restore`` of a sandbox's runtime."""

    op: str
    number: int
    id: str
    blank_id: str


class Launcher:
    """One server's sandboxes, by id.

    Args:
        server: where requests come from.
        prepared: groups and network.
        makers: who makes them.
    """

    def __init__(self, server: socket.socket, prepared: Prepared, makers: Makers) -> None:
        self._server = server
        self._nursery = makers.nursery
        self._groups = prepared.groups
        self._tmp = prepared.tmp
        self._network = prepared.network
        self._fork_servers = makers.fork_servers
        self._alive: dict[str, Newborn] = {}
        self._by_pidfd: dict[int, str] = {}
        self._leaving: list[str] = []  # ended, but the kernel still holds their groups
        self._workers: set[int] = set()  # children that take or put back an image
        self._poll = select.poll()
        self._poll.register(server, select.POLLIN)

    def run(self) -> None:
        """Serve until the server is gone."""
        while True:
            for descriptor, _ in self._poll.poll(_RETRY_MS if self._leaving else None):
                if descriptor in self._by_pidfd:
                    self._bury(descriptor)
                elif descriptor != self._server.fileno():
                    self._hear(descriptor)
                elif not self._serve():
                    return
            self._remove_groups()

    def close(self) -> None:
        """End every sandbox and remove its traces."""
        for newborn in self._alive.values():
            signal.pidfd_send_signal(newborn.pidfd, signal.SIGKILL)
        for newborn in self._alive.values():
            os.waitpid(newborn.pid, 0)
        self._fork_servers.close()

    def _serve(self) -> bool:
        try:
            data, descriptors, _, _ = socket.recv_fds(
                self._server, _MAX_REQUEST_BYTES, _MOST_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
            )
        except ConnectionResetError:
            return False
        if not data:
            return False
        request = json.loads(data)
        if request["op"] == "create":
            self._create(cast("Wish", request), descriptors[0], descriptors[1:])
        elif request["op"] == "trees":
            self._give_trees(request["number"], cast("Assignment", request))
        elif request["op"] in {"snapshot", "restore"}:
            self._image(cast("ImageOrder", request), descriptors)
        elif request["op"] == "fork_server":
            self._start_fork_server(cast("Order", request))
        elif request["id"] in self._alive:
            signal.pidfd_send_signal(self._alive[request["id"]].pidfd, signal.SIGKILL)
        elif request["id"] not in self._leaving:
            self._tell({"event": "gone", "id": request["id"]})
        return True

    def _create(self, wish: Wish, control_fd: int, waiting: list[int]) -> None:
        with socket.socket(fileno=control_fd) as control:
            try:
                newborn = self._nursery.bear(wish, control, self._network, waiting)
            except OSError as error:
                for news in self._fork_servers.news():  # first: who tries again has another one started
                    self._tell(dict(news))
                failure = {"event": "failed", "step": "launcher", "error": str(error)}
                with suppress(OSError):  # who asked may be gone by now, and others must not lose the launcher
                    control.send(json.dumps(failure).encode())
                return
            finally:
                for descriptor in waiting:
                    os.close(descriptor)
        self._alive[wish["id"]] = newborn
        self._by_pidfd[newborn.pidfd] = wish["id"]
        self._poll.register(newborn.pidfd, select.POLLIN)
        if newborn.tmp_problem is not None:
            self._tell({"event": "tmp_in_memory", "id": wish["id"], "why": newborn.tmp_problem})

    def _give_trees(self, number: int, wanted: Assignment) -> None:
        trees: list[int] = []
        try:
            trees = self._nursery.trees(wanted["mounts"])
            on_disk = self._tmp.limit(wanted["id"], wanted["tmp_bytes"])
        except OSError as error:
            self._tell({"event": "answer", "number": number, "error": str(error)})
        else:
            self._tell({"event": "answer", "number": number, "tmp_on_disk": on_disk}, trees)
        finally:
            for tree in trees:
                os.close(tree)

    def _start_fork_server(self, order: Order) -> None:
        try:
            descriptor = self._fork_servers.start(order)
        except OSError as error:
            self._tell({"event": "fork_server", "name": order["name"], "error": str(error)})
            return
        self._poll.register(descriptor, select.POLLIN)

    def _image(self, order: ImageOrder, descriptors: list[int]) -> None:
        newborn = self._alive.get(order["id"])
        try:
            if newborn is None:
                raise OSError(f"sandbox {order['id']} is gone")
            if order["op"] == "snapshot":
                blank = self._alive.get(order["blank_id"])
                worker = start_snapshot(
                    self._server, order["number"], newborn.pid, None if blank is None else blank.pid
                )
            else:
                worker = start_restore(self._server, order["number"], newborn.pid, descriptors[0])
        except OSError as error:
            self._tell({"event": "answer", "number": order["number"], "error": str(error)})
        else:
            self._workers.add(worker)
            self._poll.register(worker, select.POLLIN)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _hear(self, descriptor: int) -> None:
        if descriptor in self._workers:
            self._workers.discard(descriptor)
            self._poll.unregister(descriptor)
            os.waitid(os.P_PIDFD, descriptor, os.WEXITED)
            os.close(descriptor)
            return
        news = self._fork_servers.hear(descriptor)
        if news is None or news["error"] is not None:
            self._poll.unregister(descriptor)
        if news is not None:
            self._tell(dict(news))

    def _bury(self, pidfd: int) -> None:
        name = self._by_pidfd.pop(pidfd)
        newborn = self._alive.pop(name)
        self._poll.unregister(pidfd)
        os.waitpid(newborn.pid, 0)
        os.close(pidfd)
        self._tmp.remove(name)
        self._leaving.append(name)

    def _remove_groups(self) -> None:
        for name in list(self._leaving):
            if self._groups.remove(name):
                self._leaving.remove(name)
                self._tell({"event": "gone", "id": name})

    def _tell(self, message: dict[str, object], descriptors: list[int] | None = None) -> None:
        try:
            socket.send_fds(self._server, [json.dumps(message).encode()], descriptors or [])
        except (BrokenPipeError, ConnectionResetError):
            return  # the loop sees the end itself


def main(arguments: list[str]) -> None:
    """Run the launcher: `descriptor data_id place outbound`."""
    server = socket.socket(fileno=int(arguments[0]))
    setting = Setting(arguments[1], arguments[2], outbound=arguments[3] == "outbound")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # a terminal's Ctrl-C is the server's to answer
    os.umask(0o022)
    _be_polite()
    with prepare(setting) as prepared:
        server.send(json.dumps(prepared.hello()).encode())
        if prepared.makers is None:
            return
        launcher = Launcher(server, prepared, prepared.makers)
        try:
            launcher.run()
        finally:
            launcher.close()


def _be_polite() -> None:
    """Let nothing of a sandbox interrupt whoever wakes it; what is started from here on inherits that.

    Each event handed over would otherwise put the server aside until its function has run: on two processors
    that costs a third of its rate, and starts of environments delay calls of others.
    """
    with suppress(OSError):  # a host that forbids it is slower
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
