"""The inside of a new sandbox, until its reaper serves: ids, root, network, listeners, powers given up.

Before: `birth` has cloned this process into new namespaces, in the launcher or in a fork server. After:
`reaper` is pid 1.
"""

from __future__ import annotations

import functools
import json
import os
import resource
import socket
from collections.abc import Sequence
from typing import NamedTuple, TypedDict

from lambdad.worker.sandbox.launcher import loopback, rootfs, seccomp, syscalls
from lambdad.worker.sandbox.launcher.program import Become, Powers
from lambdad.worker.sandbox.launcher.reaper import Reaper
from lambdad.worker.sandbox.network import inside
from lambdad.worker.sandbox.network.addresses import LinkAddress

HOSTNAME = "169.254.100.1"
NAMESPACES = (
    syscalls.CLONE_NEWUSER
    | syscalls.CLONE_NEWNS
    | syscalls.CLONE_NEWPID
    | syscalls.CLONE_NEWNET
    | syscalls.CLONE_NEWIPC
    | syscalls.CLONE_NEWUTS
)
_KILL = 9


class LimitsWish(TypedDict):
    """`plan.Limits` as JSON; a blank has no limit of memory yet."""

    memory_bytes: int | None
    processes: int
    open_files: int
    tmp_bytes: int


class Wish(TypedDict):
    """`SandboxPlan` as JSON.

    `shared` are directories that may be written to, and their names below `/mnt`; none in a blank. `blank`
    tells whether code is mounted later (`reaper`: ``assign``); `fork_server` names the fork server that shall
    make it, None is the launcher itself.
    """

    id: str
    mounts: list[tuple[str, str]]
    shared: list[tuple[str, str]]
    limits: LimitsWish
    listen: list[tuple[str, int]]
    outbound: bool
    blank: bool
    fork_server: str | None


class Origin(NamedTuple):
    """What newborns inherit of the process that makes them.

    Attributes:
        privileged: root on the host; otherwise root of a user namespace with one user.
        owner: names the server in the arguments that a sandbox's reaper shows on the host.
        filter: the system call filter.
        arguments: where this process's arguments lie (`syscalls.argument_area`).
    """

    privileged: bool
    owner: str
    filter: bytes
    arguments: tuple[int, int]


class Belongings(NamedTuple):
    """Descriptors a newborn is given; it closes them when it needs them no more.

    Attributes:
        control: its tie to the server.
        gate: what the launcher says once ids and network are there.
        root: its world (`Template.copy`).
        tmp: its `/tmp` on disk; None where it takes memory.
        trees: what is mounted in it, in the order of `Wish.mounts`.
        tasks: see `cgroups.Keys`.
        shared: what may be written to, in the order of `Wish.shared`.
    """

    control: int
    gate: int
    root: int
    tmp: int | None
    trees: list[int]
    tasks: list[int]
    shared: Sequence[int] = ()

    @property
    def all(self) -> list[int]:
        """Every descriptor."""
        return [self.control, self.gate, *self.mounted, *self.tasks]

    @property
    def mounted(self) -> list[int]:
        """What its world is made of."""
        return [self.root, *([] if self.tmp is None else [self.tmp]), *self.trees, *self.shared]


def grow_up(wish: Wish, belongings: Belongings, origin: Origin) -> None:
    """Become the reaper of a sandbox; the process ends here.

    Raises:
        Become: in a process the reaper has forked to wait for its function.
    """
    control = socket.socket(fileno=belongings.control)
    step = ["user namespace"]
    try:
        _live(wish, belongings, origin, control, step)
    except Become:
        control.detach()  # its number is one of the function's by now, which it would close
        raise
    except BaseException as error:  # noqa: BLE001 - a forked child must not return
        report(control, {"event": "failed", "step": step[0], "error": str(error) or repr(error)}, [])
    os._exit(1)


def _live(
    wish: Wish, belongings: Belongings, origin: Origin, control: socket.socket, step: list[str]
) -> None:
    told = os.read(belongings.gate, 4096)
    if not told:
        os._exit(1)  # the launcher gave up or is gone
    if origin.privileged:
        os.setresgid(0, 0, 0)
        os.setgroups([])
        os.setresuid(0, 0, 0)
    os.close(belongings.gate)
    step[0] = "mount namespace and root"
    syscalls.mount(None, "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    mounts = list(zip(belongings.trees, (target for _, target in wish["mounts"]), strict=True))
    shared = list(zip(belongings.shared, (name for _, name in wish["shared"]), strict=True))
    rootfs.enter(belongings.root, mounts, belongings.tmp, wish["limits"]["tmp_bytes"], shared)
    for tree in belongings.mounted:
        os.close(tree)
    step[0] = "network namespace"
    socket.sethostname(HOSTNAME)
    listeners = _open_network(wish, told)
    step[0] = "capabilities and system call filter"
    # Ours name places of the host, and every process inside may read those of pid 1.
    syscalls.rename_process(("lambdad-sandbox", origin.owner, wish["id"]), origin.arguments)
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, _KILL)

    if not wish["blank"]:
        renounce(origin)
    report(control, {"event": "ready"}, [listener.fileno() for listener in listeners])
    for listener in listeners:
        listener.close()
    limits = wish["limits"]
    still = functools.partial(renounce, origin) if wish["blank"] else None
    powers = Powers(
        origin.privileged,
        limits["open_files"],
        limits["processes"],
        belongings.tasks,
        origin.arguments,
        still,
    )
    Reaper(control, powers).run()


def renounce(origin: Origin) -> None:
    """Give up every capability but those to kill and to become the function's user; accept the filter."""
    syscalls.drop_bounding_set()
    kept = (syscalls.CAP_KILL, syscalls.CAP_SETGID, syscalls.CAP_SETUID) if origin.privileged else ()
    syscalls.keep_capabilities(kept)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    seccomp.install(origin.filter)


def report(control: socket.socket, message: dict[str, str], descriptors: list[int]) -> None:
    """Tell the server; without one this process has nothing to do."""
    try:
        socket.send_fds(control, [json.dumps(message).encode()], descriptors)
    except OSError:
        os._exit(1)


def _open_network(wish: Wish, told: bytes) -> list[socket.socket]:
    endpoints = [(address, port) for address, port in wish["listen"]]
    loopback.bring_up({address for address, _ in endpoints})
    link = json.loads(told)
    if link is not None:
        inside.configure(LinkAddress.from_json(link))
    return loopback.listen(endpoints)
