"""How a sandbox comes to be, seen from outside: groups, mounts, namespaces, ids, link to the network."""

# os.path on purpose: pathlib would add to the start of a process that must be small.
# ruff: noqa: PTH112

from __future__ import annotations

import json
import os
import socket
from typing import NamedTuple, Protocol

from lambdad.worker.sandbox.launcher import newborn, rootfs, syscalls
from lambdad.worker.sandbox.launcher.cgroups import Groups, Wanted
from lambdad.worker.sandbox.launcher.first.machine import executable
from lambdad.worker.sandbox.launcher.first.tables import Powers
from lambdad.worker.sandbox.launcher.newborn import NAMESPACES, Belongings, Origin, Wish
from lambdad.worker.sandbox.launcher.tmp.places import Tmp
from lambdad.worker.sandbox.network.addresses import LinkAddress

FIRST_HOST_ID, HOST_IDS = 200_000, 65_536
FIRST_FUNCTION_ID, FUNCTION_IDS = 300_000, 65_536
"""Every sandbox's function is another user of the host: what the kernel counts per user, it counts apart."""


class Network(Protocol):
    """What joins a sandbox to the outside."""

    def attach(self, pid: int, sandbox_index: int) -> LinkAddress | None:
        """Put a link into the network namespace of `pid`; None when there is no way out."""
        ...


class NoNetwork:
    """Joins nothing."""

    def attach(self, pid: int, sandbox_index: int) -> LinkAddress | None:
        """No link."""
        del pid, sandbox_index
        return None


class Newborn(NamedTuple):
    """A sandbox whose reaper was started (and reports on its control socket itself).

    Attributes:
        tmp_problem: why its `/tmp` lies in memory although this host has room on disk for it; None
            when there is nothing to tell.
    """

    pid: int
    pidfd: int
    tmp_problem: str | None = None


class ForkServers(Protocol):
    """Processes that clone themselves into new namespaces on request."""

    def clone(self, wish: Wish, belongings: Belongings, born_into: int | None) -> int:
        """Have the fork server of `wish` do what `Nursery` does itself for others; the pid.

        Raises:
            OSError: it is gone, or could not.
        """
        ...


class Nursery:
    """Makes sandboxes.

    Args:
        tmp: makes `/tmp` on disk, where it can.
        origin: of those that are made in this process's context.
        fork_servers: make the others.
    """

    def __init__(
        self,
        template: rootfs.Template,
        groups: Groups,
        tmp: Tmp,
        origin: Origin,
        fork_servers: ForkServers,
    ) -> None:
        self._first = template.program(executable(syscalls.architecture()))
        self._template = template
        self._tmp = tmp
        self._groups = groups
        self._origin = origin
        self._fork_servers = fork_servers
        self._born = 0

    def bear(
        self, wish: Wish, control: socket.socket, network: Network, waiting: list[int] | None = None
    ) -> Newborn:
        """Start the first process of a new sandbox with `control` as its only tie to the server.

        Args:
            wish: what it shall be.
            control: closed by the caller.
            network: joins it to the outside.
            waiting: descriptors of the process that waits in it; closed by the caller.

        Raises:
            OSError: the host refused; nothing is left behind.
        """
        opened: list[int] = []
        try:
            return self._bear(wish, control, network, waiting or [], opened)
        except BaseException:
            self._groups.remove(wish["id"])
            self._tmp.remove(wish["id"])
            raise
        finally:
            for descriptor in opened:
                os.close(descriptor)

    def powers(self, groups: Groups) -> Powers:
        """What all its sandboxes have in common."""
        found = groups.found
        return Powers(
            self._origin.privileged, len(found.parents) if found.version == 1 else 0, self._origin.filter
        )

    def trees(self, mounts: list[tuple[str, str]]) -> list[int]:
        """What a blank is given when it is assigned: a detached tree for each mount, whose place is made.

        Raises:
            OSError: a source does not exist, or a target is not a path that can be mounted at.
        """
        trees: list[int] = []
        try:
            for source, target in mounts:
                trees.append(rootfs.read_only_tree(source))
                self._template.make_target(target, is_directory=os.path.isdir(source))
        except BaseException:
            for tree in trees:
                os.close(tree)
            raise
        return trees

    def _bear(
        self, wish: Wish, control: socket.socket, network: Network, waiting: list[int], opened: list[int]
    ) -> Newborn:
        trees = self.trees(wish["mounts"])
        opened += trees
        root = self._template.copy()
        opened.append(root)
        keys = self._groups.make(
            wish["id"], Wanted(wish["limits"]["memory_bytes"], wish["limits"]["processes"])
        )
        opened += keys.descriptors
        self._born += 1
        tmp = self._tmp.make(wish["id"], self._tmp_owner(), wish["limits"]["tmp_bytes"])
        if tmp is not None:
            opened.append(tmp)
        gate_read, gate_write = os.pipe2(os.O_CLOEXEC)
        opened += [gate_read, gate_write]
        belongings = Belongings(
            control.fileno(), gate_read, root, tmp, trees, keys.tasks, self._first, waiting
        )
        pid, pidfd = self._clone(wish, belongings, keys.born_into)
        try:
            self._map_ids(pid)
            link = network.attach(pid, self._born) if wish["outbound"] else None
            os.write(gate_write, json.dumps(link.to_json() if link else None).encode())
        except BaseException:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
            os.close(pidfd)
            raise
        return Newborn(pid, pidfd, self._tmp.why if tmp is None and self._tmp.is_on_disk else None)

    def _tmp_owner(self) -> tuple[int, int]:
        return FIRST_FUNCTION_ID + self._born % FUNCTION_IDS, FIRST_HOST_ID + rootfs.FUNCTION_GID

    def _clone(self, wish: Wish, belongings: Belongings, born_into: int | None) -> tuple[int, int]:
        if wish["fork_server"] is not None:
            pid = self._fork_servers.clone(wish, belongings, born_into)
            return pid, os.pidfd_open(pid)  # our child: its number is its own until we have waited for it
        pid, pidfd = syscalls.clone(NAMESPACES, born_into)
        if pid == 0:
            syscalls.close_all_but(belongings.all)
            newborn.grow_up(wish, belongings, self._origin)
        return pid, pidfd

    def _map_ids(self, pid: int) -> None:
        if self._origin.privileged:
            gids = f"0 {FIRST_HOST_ID} {HOST_IDS}"
            uids = _user_map(FIRST_FUNCTION_ID + self._born % FUNCTION_IDS)
        else:
            # One user is all an ordinary user may map: the function's, and no root at all.
            uids, gids = f"{rootfs.FUNCTION_UID} 0 1", f"{rootfs.FUNCTION_GID} 0 1"
            _write(f"/proc/{pid}/setgroups", "deny")
        _write(f"/proc/{pid}/uid_map", uids)
        _write(f"/proc/{pid}/gid_map", gids)


def _user_map(function_id: int) -> str:
    uid = rootfs.FUNCTION_UID
    after = uid + 1
    return (
        f"0 {FIRST_HOST_ID} {uid}\n"
        f"{uid} {function_id} 1\n"
        f"{after} {FIRST_HOST_ID + after} {HOST_IDS - after}\n"
    )


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
