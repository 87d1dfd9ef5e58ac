"""What a new sandbox is to be, as the server sends it; and what all of them have in common."""

from __future__ import annotations

from typing import NamedTuple, TypedDict

from lambdad.worker.sandbox.launcher import syscalls

NAMESPACES = (
    syscalls.CLONE_NEWUSER
    | syscalls.CLONE_NEWNS
    | syscalls.CLONE_NEWPID
    | syscalls.CLONE_NEWNET
    | syscalls.CLONE_NEWIPC
    | syscalls.CLONE_NEWUTS
)


class Waits(TypedDict):
    """What waits: `argv` as it is to be seen, and which numbers each of its descriptors shall have."""

    argv: list[str]
    targets: list[list[int]]


class LimitsWish(TypedDict):
    """`plan.Limits` as JSON; a blank has no limit of memory yet."""

    memory_bytes: int | None
    processes: int
    open_files: int
    tmp_bytes: int


class Wish(TypedDict):
    """`SandboxPlan` as JSON.

    `shared` are directories that may be written to, and their names below `/mnt`; none in a blank. `blank`
    tells whether code is mounted later (`first.tables.assign`). `fork_server` names the fork server of which
    a fork waits in it as `waits`; None is nothing.
    """

    id: str
    mounts: list[tuple[str, str]]
    shared: list[tuple[str, str]]
    limits: LimitsWish
    listen: list[tuple[str, int]]
    outbound: bool
    blank: bool
    fork_server: str | None
    waits: Waits | None


class Origin(NamedTuple):
    """What newborns inherit of the process that makes them.

    Attributes:
        privileged: root on the host; otherwise root of a user namespace with one user.
        owner: names the server in the arguments that a sandbox's first process shows on the host.
        filter: the system call filter.
    """

    privileged: bool
    owner: str
    filter: bytes
