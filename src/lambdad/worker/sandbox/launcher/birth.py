"""How a sandbox comes to be: namespaces, ids, root, network, listeners, and then the reaper."""

# os.path on purpose: pathlib would add to the start of a process that must be small.
# ruff: noqa: PTH112

from __future__ import annotations

import json
import os
import resource
import socket
from typing import NamedTuple, NoReturn, Protocol, TypedDict

from lambdad.worker.sandbox.launcher import loopback, program, reaper, rootfs, seccomp, syscalls
from lambdad.worker.sandbox.launcher.cgroups import Groups, Wanted
from lambdad.worker.sandbox.launcher.tmp.places import Tmp
from lambdad.worker.sandbox.network import inside
from lambdad.worker.sandbox.network.addresses import LinkAddress

FIRST_HOST_ID, HOST_IDS = 200_000, 65_536
FIRST_FUNCTION_ID, FUNCTION_IDS = 300_000, 65_536
"""Every sandbox's function is another user of the host: what the kernel counts per user, it counts apart."""
HOSTNAME = "169.254.100.1"
_NAMESPACES = (
    syscalls.CLONE_NEWUSER
    | syscalls.CLONE_NEWNS
    | syscalls.CLONE_NEWPID
    | syscalls.CLONE_NEWNET
    | syscalls.CLONE_NEWIPC
    | syscalls.CLONE_NEWUTS
)


class LimitsWish(TypedDict):
    """`plan.Limits` as JSON."""

    memory_bytes: int
    processes: int
    open_files: int
    tmp_bytes: int


class Wish(TypedDict):
    """`SandboxPlan` as JSON."""

    id: str
    mounts: list[tuple[str, str]]
    limits: LimitsWish
    listen: list[tuple[str, int]]
    outbound: bool


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


class Nursery:
    """Makes sandboxes in this process's context.

    Args:
        privileged: root on the host; otherwise root of a user namespace with one user.
        owner: names the server in the arguments that a sandbox's reaper shows on the host.
    """

    def __init__(
        self, template: rootfs.Template, groups: Groups, tmp: Tmp, *, privileged: bool, owner: str
    ) -> None:
        self._template = template
        self._tmp = tmp
        self._groups = groups
        self._privileged = privileged
        self._owner = owner
        self._filter = seccomp.program(syscalls.architecture())
        self._arguments = syscalls.argument_area()
        self._born = 0

    def bear(self, wish: Wish, control: socket.socket, network: Network) -> Newborn:
        """Start the reaper of a new sandbox with `control` as its only tie to the server.

        Raises:
            OSError: the host refused; nothing is left behind.
        """
        opened: list[int] = []
        try:
            return self._bear(wish, control, network, opened)
        except BaseException:
            self._groups.remove(wish["id"])
            self._tmp.remove(wish["id"])
            raise
        finally:
            for descriptor in opened:
                os.close(descriptor)

    def _bear(self, wish: Wish, control: socket.socket, network: Network, opened: list[int]) -> Newborn:
        mounts: list[tuple[int, str]] = []
        for source, target in wish["mounts"]:
            opened.append(rootfs.read_only_tree(source))
            mounts.append((opened[-1], target))
        root = self._template.copy([(target, os.path.isdir(source)) for source, target in wish["mounts"]])
        opened.append(root)
        wanted = Wanted(wish["limits"]["memory_bytes"], wish["limits"]["processes"])
        keys = self._groups.make(wish["id"], wanted)
        opened += keys.descriptors
        self._born += 1
        tmp = self._tmp.make(wish["id"], self._tmp_owner(), wish["limits"]["tmp_bytes"])
        if tmp is not None:
            opened.append(tmp)
        gate_read, gate_write = os.pipe2(os.O_CLOEXEC)
        opened += [gate_read, gate_write]
        pid, pidfd = syscalls.clone(_NAMESPACES, keys.born_into)
        if pid == 0:
            trees = [tree for tree, _ in mounts] if tmp is None else [tmp, *(tree for tree, _ in mounts)]
            syscalls.close_all_but([control.fileno(), gate_read, root, *keys.tasks, *trees])
            self._grow_up(wish, control, gate_read, root, mounts, tmp, keys.tasks)
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

    def _map_ids(self, pid: int) -> None:
        if self._privileged:
            gids = f"0 {FIRST_HOST_ID} {HOST_IDS}"
            uids = _user_map(FIRST_FUNCTION_ID + self._born % FUNCTION_IDS)
        else:
            # One user is all an ordinary user may map: the function's, and no root at all.
            uids, gids = f"{rootfs.FUNCTION_UID} 0 1", f"{rootfs.FUNCTION_GID} 0 1"
            _write(f"/proc/{pid}/setgroups", "deny")
        _write(f"/proc/{pid}/uid_map", uids)
        _write(f"/proc/{pid}/gid_map", gids)

    def _grow_up(
        self,
        wish: Wish,
        control: socket.socket,
        gate: int,
        root: int,
        mounts: list[tuple[int, str]],
        tmp: int | None,
        tasks: list[int],
    ) -> NoReturn:
        step = "user namespace"
        try:
            told = os.read(gate, 4096)
            if not told:
                os._exit(1)  # the launcher gave up or is gone
            if self._privileged:
                os.setresgid(0, 0, 0)
                os.setgroups([])
                os.setresuid(0, 0, 0)
            os.close(gate)
            step = "mount namespace and root"
            syscalls.mount(None, "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
            rootfs.enter(root, mounts, tmp, wish["limits"]["tmp_bytes"])
            for tree in (root, *(tree for tree, _ in mounts), *(() if tmp is None else (tmp,))):
                os.close(tree)
            step = "network namespace"
            socket.sethostname(HOSTNAME)
            listeners = _open_network(wish, told)
            step = "capabilities and system call filter"
            # Ours name places of the host, and every process inside may read those of pid 1.
            syscalls.rename_process(("lambdad-sandbox", self._owner, wish["id"]), self._arguments)
            self._renounce()
            _report(control, {"event": "ready"}, listeners)
            limits = wish["limits"]
            powers = program.Powers(self._privileged, limits["open_files"], limits["processes"], tasks)
            reaper.Reaper(control, powers).run()
        except BaseException as error:  # noqa: BLE001 - a forked child must not return
            _report(control, {"event": "failed", "step": step, "error": str(error) or repr(error)}, [])
        os._exit(1)

    def _renounce(self) -> None:
        syscalls.drop_bounding_set()
        kept = (syscalls.CAP_KILL, syscalls.CAP_SETGID, syscalls.CAP_SETUID) if self._privileged else ()
        syscalls.keep_capabilities(kept)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, 9)
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
        seccomp.install(self._filter)


def _user_map(function_id: int) -> str:
    uid = rootfs.FUNCTION_UID
    after = uid + 1
    return (
        f"0 {FIRST_HOST_ID} {uid}\n"
        f"{uid} {function_id} 1\n"
        f"{after} {FIRST_HOST_ID + after} {HOST_IDS - after}\n"
    )


def _open_network(wish: Wish, told: bytes) -> list[socket.socket]:
    endpoints = [(address, port) for address, port in wish["listen"]]
    loopback.bring_up({address for address, _ in endpoints})
    link = json.loads(told)
    if link is not None:
        inside.configure(LinkAddress.from_json(link))
    return loopback.listen(endpoints)


def _report(control: socket.socket, message: dict[str, str], listeners: list[socket.socket]) -> None:
    descriptors = [listener.fileno() for listener in listeners]
    try:
        socket.send_fds(control, [json.dumps(message).encode()], descriptors)
    except OSError:
        os._exit(1)  # the server is gone
    for listener in listeners:
        listener.close()


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
