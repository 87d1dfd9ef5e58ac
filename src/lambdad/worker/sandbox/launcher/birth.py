"""How a sandbox comes to be, seen from outside: groups, mounts, namespaces, ids, link to the network."""

# os.path on purpose: pathlib would add to the start of a process that must be small.
# ruff: noqa: PTH112

from __future__ import annotations

import os
import socket
from typing import NamedTuple, Protocol

from lambdad.worker.sandbox.launcher import rootfs
from lambdad.worker.sandbox.launcher.cgroups import Groups, Keys, Wanted
from lambdad.worker.sandbox.launcher.first import births
from lambdad.worker.sandbox.launcher.first.becoming import Powers
from lambdad.worker.sandbox.launcher.first.births import Inherited, World
from lambdad.worker.sandbox.launcher.first.spawning import Spawner
from lambdad.worker.sandbox.launcher.fork_server import Request
from lambdad.worker.sandbox.launcher.newborn import NAMESPACES, Origin, Wish
from lambdad.worker.sandbox.launcher.shared import check_name, writable_tree
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
    """A sandbox whose first process was started (and reports on its control socket itself).

    Attributes:
        tmp_problem: why its `/tmp` lies in memory although this host has room on disk for it; None
            when there is nothing to tell.
    """

    pid: int
    pidfd: int
    tmp_problem: str | None = None


class ForkServers(Protocol):
    """Interpreters that fork what waits in a sandbox."""

    def fork(self, name: str, request: Request, descriptors: list[int]) -> None:
        """As `forks.ForkServers.fork`.

        Raises:
            OSError: it is gone, or could not.
        """
        ...


class Nursery:
    """Makes sandboxes.

    Args:
        tmp: makes `/tmp` on disk, where it can.
        origin: of those that are made in this process's context.
        fork_servers: fork what waits in them.
        program: descriptor of the first process's program.
    """

    def __init__(
        self,
        template: rootfs.Template,
        groups: Groups,
        tmp: Tmp,
        origin: Origin,
        fork_servers: ForkServers,
        program: int,
    ) -> None:
        self._spawner = Spawner(program)
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

    def powers(self) -> Powers:
        """What all its sandboxes have in common."""
        return Powers(self._origin.privileged, self._groups.tasks, self._origin.filter)

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
        shared = self._shared(wish["shared"], opened) if wish["shared"] else []
        tmp = self._tmp.make(wish["id"], self._ids(), wish["limits"]["tmp_bytes"])
        if tmp is not None:
            opened.append(tmp)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        opened += [ours.detach(), theirs.detach()]
        channel, inside = opened[-2:]
        gate = list(os.pipe2(os.O_CLOEXEC)) if waiting else []
        opened += gate
        mounted = [root, *([] if tmp is None else [tmp]), *trees, *shared]
        descriptors = [inside, *keys.tasks, control.fileno(), *mounted, *gate[1:]]
        arguments = ("lambdad-sandbox", self._origin.owner, wish["id"])
        pid, pidfd = self._spawner.first_process(
            NAMESPACES, keys.born_into, descriptors, control.fileno(), arguments
        )
        try:
            self._map_ids(pid)
            link = network.attach(pid, self._born) if wish["outbound"] else None
            world = self._world(wish, tmp=tmp is not None, linked=link is not None)
            os.write(channel, births.birth(world, link))
            if waiting:
                self._have_forked(wish, keys, [pidfd, *gate[:1]], waiting)
        except BaseException:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
            os.close(pidfd)
            raise
        return Newborn(pid, pidfd, self._tmp.why if tmp is None and self._tmp.is_on_disk else None)

    def _world(self, wish: Wish, *, tmp: bool, linked: bool) -> World:
        powers, waits = self.powers(), wish["waits"] is not None
        return World(
            powers,
            Inherited(powers.tasks, tmp, len(wish["mounts"]) + len(wish["shared"]), waits),
            tuple(target for _, target in wish["mounts"]),
            tuple(name for _, name in wish["shared"]),
            wish["limits"]["tmp_bytes"],
            tuple((address, port) for address, port in wish["listen"]),
            linked,
            waits,
            renounces=not wish["blank"],
        )

    def _have_forked(self, wish: Wish, keys: Keys, sandbox: list[int], waiting: list[int]) -> None:
        name, waits = wish["fork_server"], wish["waits"]
        if name is None or waits is None:
            raise OSError(f"nothing is known of what waits in {wish['id']}")
        request: Request = {
            "waits": waits,
            "limits": wish["limits"],
            "born_into": keys.born_into is not None,
            "tasks": len(keys.tasks),
        }
        born_into = [] if keys.born_into is None else [keys.born_into]
        self._fork_servers.fork(name, request, [*sandbox, *born_into, *keys.tasks, *waiting])

    def _shared(self, directories: list[tuple[str, str]], opened: list[int]) -> list[int]:
        """A writable tree for each, added to `opened` as well."""
        user, group = self._ids()
        first = len(opened)
        for source, name in directories:
            check_name(name)
            opened.append(writable_tree(source, user, group, privileged=self._origin.privileged))
        return opened[first:]

    def _ids(self) -> tuple[int, int]:
        """The host's ids of the function's user and group in the sandbox being born."""
        return FIRST_FUNCTION_ID + self._born % FUNCTION_IDS, FIRST_HOST_ID + rootfs.FUNCTION_GID

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
