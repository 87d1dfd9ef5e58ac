"""The inside of a new sandbox, until pid 1 serves: ids, root, network, listeners.

Before: `birth` has cloned this process into new namespaces, in the launcher or in a fork server. After: this
process is `first`, a program of a few hundred bytes in place of an interpreter; and in a blank whose runtime
can be forked, that waits (`waiting`).
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import os
import resource
import signal
import socket
from typing import NamedTuple, TypedDict

from lambdad.worker.sandbox.launcher import loopback, program, rootfs, seccomp, syscalls
from lambdad.worker.sandbox.launcher.first.machine import CONTROL
from lambdad.worker.sandbox.launcher.program import Become, Powers, Waits
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
_PROGRAM = 60  # above every number that the first process is given


class LimitsWish(TypedDict):
    """`plan.Limits` as JSON; a blank has no limit of memory yet."""

    memory_bytes: int | None
    processes: int
    open_files: int
    tmp_bytes: int


class Wish(TypedDict):
    """`SandboxPlan` as JSON.

    `fork_server` names the fork server that shall make it (None is the launcher itself), and `waits` is the
    program that it stands for.
    """

    id: str
    mounts: list[tuple[str, str]]
    limits: LimitsWish
    listen: list[tuple[str, int]]
    outbound: bool
    fork_server: str | None
    waits: Waits | None


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
        first: the program it becomes (`first.machine`).
        waiting: of the process that waits (`program.fork`).
    """

    control: int
    gate: int
    root: int
    tmp: int | None
    trees: list[int]
    tasks: list[int]
    first: int
    waiting: list[int]

    @property
    def all(self) -> list[int]:
        """Every descriptor."""
        return [self.control, self.gate, self.first, *self.mounted, *self.tasks, *self.waiting]

    @property
    def mounted(self) -> list[int]:
        """What its world is made of."""
        return [self.root, *([] if self.tmp is None else [self.tmp]), *self.trees]


def grow_up(wish: Wish, belongings: Belongings, origin: Origin) -> None:
    """Become the first process of a sandbox; this program ends here.

    Raises:
        Become: in a process that was forked to wait for its function.
    """
    control = socket.socket(fileno=belongings.control)
    step = ["user namespace"]
    try:
        _live(wish, belongings, origin, control, step)
    except Become:
        control.detach()  # its number is one of the function's by now, which it would close
        raise
    except BaseException as error:  # noqa: BLE001 - a forked child must not return
        _report(control, {"event": "failed", "step": step[0], "error": str(error) or repr(error)})
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
    rootfs.enter(belongings.root, mounts, belongings.tmp, wish["limits"]["tmp_bytes"])
    for tree in belongings.mounted:
        os.close(tree)
    step[0] = "network namespace"
    socket.sethostname(HOSTNAME)
    listeners = _open_network(wish, told)
    step[0] = "capabilities and system call filter"
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, _KILL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, it would have the kernel forget who ended
    if wish["waits"] is not None:
        _fork_waiting(wish, wish["waits"], belongings, origin)
    if not origin.privileged:
        syscalls.keep_capabilities_in_exec((syscalls.CAP_SETPCAP, syscalls.CAP_SYS_ADMIN))
    _take_numbers([control.fileno(), *belongings.tasks, *listeners], belongings.first)
    arguments = ("lambdad-sandbox", origin.owner, wish["id"])
    syscalls.execute(_PROGRAM, arguments)


def _fork_waiting(wish: Wish, waits: Waits, belongings: Belongings, origin: Origin) -> None:
    limits = wish["limits"]
    renouncing = functools.partial(renounce, origin)
    powers = Powers(
        origin.privileged,
        limits["open_files"],
        limits["processes"],
        belongings.tasks,
        origin.arguments,
        renouncing,
    )
    program.fork(waits, belongings.waiting, powers)


def _take_numbers(kept: list[int], first: int) -> None:
    """The numbers that `first` expects, and nothing else: control socket, keys to groups, listeners."""
    above = _PROGRAM + 1
    os.dup2(first, _PROGRAM)
    # Out of the way of the numbers that are given, first.
    sources = [fcntl.fcntl(one, fcntl.F_DUPFD, above) for one in kept]
    for number, source in enumerate(sources, CONTROL):
        os.dup2(source, number)
    syscalls.close_range(CONTROL + len(kept), _PROGRAM - 1)
    syscalls.close_range(above)


def renounce(origin: Origin) -> None:
    """Give up every capability but those to kill and to become the function's user; accept the filter."""
    syscalls.drop_bounding_set()
    kept = (syscalls.CAP_KILL, syscalls.CAP_SETGID, syscalls.CAP_SETUID) if origin.privileged else ()
    syscalls.keep_capabilities(kept)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    seccomp.install(origin.filter)


def _report(control: socket.socket, message: dict[str, str]) -> None:
    with contextlib.suppress(OSError):  # nobody is left to be told
        control.send(json.dumps(message).encode())


def _open_network(wish: Wish, told: bytes) -> list[int]:
    endpoints = [(address, port) for address, port in wish["listen"]]
    loopback.bring_up({address for address, _ in endpoints})
    link = json.loads(told)
    if link is not None:
        inside.configure(LinkAddress.from_json(link))
    return [listener.detach() for listener in loopback.listen(endpoints)]
