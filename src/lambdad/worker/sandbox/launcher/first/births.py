"""How the first process of a sandbox makes its world: ids, root, network, listeners, powers given up.

Before: `birth` has cloned it into new namespaces, where it executes `machine`, has mapped its ids and put the
end of a link into its network. After: it has told the server that it is ready, with its listeners, and obeys
the server's socket.
"""

from __future__ import annotations

import functools
import os
import socket
import struct
from typing import Final, NamedTuple

from lambdad.worker.sandbox.launcher import syscalls
from lambdad.worker.sandbox.launcher.first.becoming import Powers, renounce
from lambdad.worker.sandbox.launcher.first.machine import CONTROL, PLACES
from lambdad.worker.sandbox.launcher.first.table import READY, Label, Stored, Table, Where
from lambdad.worker.sandbox.launcher.first.tables import (
    FIRST_TASKS,
    WAITING_PID,
    WAITING_PLACE,
)
from lambdad.worker.sandbox.launcher.rootfs import FUNCTION_GID, FUNCTION_UID, MNT_SIZE, TMP_FLAGS
from lambdad.worker.sandbox.network import inside, netlink
from lambdad.worker.sandbox.network.addresses import LinkAddress, sandbox_address

STEPS: Final = (
    "user namespace",
    "mount namespace and root",
    "network namespace",
    "capabilities and system call filter",
)
"""What a failure names; the value of its reply is the number of one."""
HOSTNAME: Final = b"169.254.100.1"

_KEPT_TABLES = 64
_KILL = 9
_HIDDEN_FILES: Final = (
    "kcore",
    "keys",
    "key-users",
    "timer_list",
    "sysrq-trigger",
    "latency_stats",
    "sched_debug",
    "cmdline",
    "modules",
    "partitions",
    "diskstats",
    "swaps",
)
_READ_ONLY_PROC: Final = ("sys", "irq", "bus", "fs")
_LO, _BACKLOG, _LAST_PORT = 1, 128, 65_535
_AT_FDCWD, _EMPTY_PATH, _DETACH = -100, 4, 2
_ACK_BYTES, _ACK_ERROR_AT = 64, 16
_GET_INDEX, _NAME_BYTES = 0x8933, 16  # SIOCGIFINDEX; a struct ifreq has 40 bytes
_UNKNOWN_INDEX: Final = b"\xfe\xca\xad\x5e"
"""Stands for the number of the link until that is known; four bytes that nothing else of a message has."""


class Inherited(NamedTuple):
    """Numbers of the descriptors that the first process has when it begins, from `FIRST_TASKS` on.

    Attributes:
        tasks: how many keys to control groups; these stay.
        tmp: whether there is a tree for `/tmp`.
        trees: how many trees of mounts.
        gate: whether somebody waits for a byte once the world is made.
    """

    tasks: int
    tmp: bool
    trees: int
    gate: bool

    @property
    def control(self) -> int:
        """The server's socket."""
        return FIRST_TASKS + self.tasks

    @property
    def after(self) -> int:
        """One past the last."""
        return self.control + 2 + self.tmp + self.trees + self.gate


class World(NamedTuple):
    """What is to be made; the same for most sandboxes.

    Attributes:
        targets: where the trees are mounted.
        shared: names below `/mnt` of the trees that come after those.
        tmp_bytes: of a `/tmp` in memory.
        listen: addresses to listen on.
        linked: whether there is a link to the outside.
        waits: whether a process waits in it.
        renounces: whether its powers are given up now, not when it is assigned.
    """

    powers: Powers
    inherited: Inherited
    targets: tuple[str, ...]
    shared: tuple[str, ...]
    tmp_bytes: int
    listen: tuple[tuple[str, int], ...]
    linked: bool
    waits: bool
    renounces: bool


def birth(world: World, link: LinkAddress | None) -> bytes:
    """The first message to a first process.

    Raises:
        OSError: nobody can listen on one of the addresses.
    """
    table, linking = _table(world)
    if link is None or linking is None:
        return table.packed()
    return table.packed(patch=(linking, _linking(link)))


@functools.lru_cache(_KEPT_TABLES)
def _table(world: World) -> tuple[Table, Where | None]:
    """The table, and where the messages lie that are others for every link."""
    table = Table(READY)
    failed = table.failed = Label()
    table.call("prctl", 15, b"lambdad-sandbox\0")  # PR_SET_NAME
    if world.waits:
        table.call("set", PLACES + 4 * WAITING_PLACE, WAITING_PID)
    if world.powers.privileged:
        table.call("setresgid", 0, 0, 0)
        table.call("setgroups", 0, 0)
        table.call("setresuid", 0, 0, 0)
    # Changing ids would undo both.
    table.call("prctl", syscalls.PR_SET_DUMPABLE, 0)
    table.call("prctl", syscalls.PR_SET_PDEATHSIG, _KILL)
    table.value(1)
    _enter(table, world)
    table.value(2)
    table.call("sethostname", HOSTNAME, len(HOSTNAME))
    linking = _network(table, world)
    listeners = [_listener(table, *endpoint) for endpoint in world.listen]
    table.value(3)
    if world.renounces:
        renounce(table, world.powers)
    rights = table.rights(len(listeners))
    for number, listener in enumerate(listeners):
        table.call("set", Where(None, rights.offset + 16 + 4 * number), listener)
    table.value(0)
    table.call("dup3", world.inherited.control, CONTROL, 0)
    if world.inherited.gate:
        table.call("write", world.inherited.after - 1, b"1", 1, may_fail=True)
    table.send(rights=rights)
    for number in range(world.inherited.control, world.inherited.after):
        table.call("close", number, may_fail=True)
    for listener in listeners:
        table.call("close", listener, may_fail=True)
    done = Label()
    table.go(done)
    table.here(failed)
    table.failed = None
    table.call("dup3", world.inherited.control, CONTROL, 0, may_fail=True)
    table.answer()
    table.call("exit_group", 1)
    table.here(done)
    return table, linking


def _enter(table: Table, world: World) -> None:
    """Make the template's copy this process's root, with the mounts, `/tmp` and `/proc` in it."""
    root = world.inherited.control + 1
    table.call("mount", 0, b"/\0", 0, syscalls.MS_REC | syscalls.MS_PRIVATE, 0)
    _attach(table, root, ".")
    table.call("fchdir", root)
    first = root + 1 + world.inherited.tmp
    for number, target in enumerate(world.targets):
        _attach(table, first + number, target.lstrip("/"))
    if world.inherited.tmp:
        _attach(table, root + 1, "tmp")
    else:
        options = f"size={world.tmp_bytes},mode=1777,uid={FUNCTION_UID},gid={FUNCTION_GID}"
        table.call("mount", b"tmpfs\0", b"tmp\0", b"tmpfs\0", TMP_FLAGS, table.text(options), words="tmp")
    if world.shared:
        _mount_shared(table, first + len(world.targets), world.shared)
    _mount_proc(table)
    table.call("pivot_root", b".\0", b".\0")
    table.call("umount2", b".\0", _DETACH)
    table.call("chdir", b"/\0")


def _attach(table: Table, tree: int, target: str) -> None:
    place = table.text(target)
    table.call("move_mount", tree, b"\0", _AT_FDCWD, place, _EMPTY_PATH, words=f"mount {target}")


def _mount_shared(table: Table, first: int, names: tuple[str, ...]) -> None:
    """In a `/mnt` of the sandbox's own: the template's would show these names to every sandbox."""
    flags = TMP_FLAGS | syscalls.MS_NOEXEC
    options = table.text(MNT_SIZE)
    table.call("mount", b"tmpfs\0", b"mnt\0", b"tmpfs\0", flags, options, words="mnt")
    for name in names:
        table.call("mkdirat", _AT_FDCWD, table.text(f"mnt/{name}"), 0o755, words=f"make mnt/{name}")
    frozen = syscalls.MS_REMOUNT | syscalls.MS_RDONLY | flags
    table.call("mount", 0, b"mnt\0", 0, frozen, options, words="mnt read-only")
    for number, name in enumerate(names):
        _attach(table, first + number, f"mnt/{name}")


def _mount_proc(table: Table) -> None:
    flags = TMP_FLAGS | syscalls.MS_NOEXEC
    proc, place, old = table.text("proc"), table.text("proc"), Label()
    done, failed, table.failed = Label(), table.failed, old
    # Whom a process may not trace it does not see: that is pid 1.
    table.call("mount", proc, place, proc, flags, b"hidepid=2\0")
    table.failed = failed
    table.go(done)
    table.here(old)  # a kernel that refuses the option
    table.forget_error()
    table.call("mount", proc, place, proc, flags, 0, words="mount /proc")
    table.here(done)
    null = table.text("dev/null")
    for name in _HIDDEN_FILES:
        if os.path.exists(f"/proc/{name}"):  # noqa: PTH110 - pathlib would add to a process that must be small
            table.call(
                "mount", null, table.text(f"proc/{name}"), 0, syscalls.MS_BIND, 0, words=f"hide {name}"
            )
    frozen = syscalls.MS_RDONLY | syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
    for name in _READ_ONLY_PROC:
        if os.path.isdir(f"/proc/{name}"):  # noqa: PTH112
            path = table.text(f"proc/{name}")
            table.call("mount", path, path, 0, syscalls.MS_BIND, 0, words=f"bind {name}")
            bound = syscalls.MS_BIND | syscalls.MS_REMOUNT | frozen
            table.call("mount", 0, path, 0, bound, 0, words=f"bind {name} read-only")


def _network(table: Table, world: World) -> Where | None:
    """`lo` with the addresses that are listened on, and the link; where the messages about that lie."""
    wanted = sorted({address for address, _ in world.listen if not address.startswith("127.")})
    messages = [netlink.set_up(_LO), *(netlink.add_address(_LO, address, 32) for address in wanted)]
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    kernel = table.call("socket", socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)
    _ask_kernel(table, kernel, netlink.batch(messages), len(messages))
    linking = None
    if world.linked:
        linking = _link(table, kernel)
    table.call("close", kernel)
    return linking


def _link(table: Table, kernel: Stored) -> Where:
    """The link's own messages: their place. Its number is not known before, and put into each of them."""
    example = LinkAddress(sandbox_address(0))
    asked = _linking(example)
    where = table.data(asked)
    named = table.data(example.interface.encode().ljust(_NAME_BYTES, b"\0") + bytes(_NAME_BYTES + 8))
    table.call("ioctl", kernel, _GET_INDEX, named)
    number = Stored(Where(None, named.offset + _NAME_BYTES))
    at = asked.find(_UNKNOWN_INDEX)
    while at >= 0:
        table.call("set", Where(None, where.offset + at), number)
        at = asked.find(_UNKNOWN_INDEX, at + 1)
    return _ask_kernel(table, kernel, asked, len(inside.messages(example, 0)), where)


def _ask_kernel(table: Table, kernel: Stored, asked: bytes, count: int, where: Where | None = None) -> Where:
    """Send requests in one go; an answer is an error number or 0."""
    where = where or table.data(asked)
    table.call("sendto", kernel, where, len(asked), 0, 0, 0)
    answer = table.data(bytes(_ACK_BYTES))
    for _ in range(count):
        table.call("recvfrom", kernel, answer, _ACK_BYTES, 0, 0, 0)
        table.call("set", table.unused, Stored(Where(None, answer.offset + _ACK_ERROR_AT)), words="netlink")
    return where


def _linking(link: LinkAddress) -> bytes:
    return netlink.batch(inside.messages(link, int.from_bytes(_UNKNOWN_INDEX, "little")))


def _listener(table: Table, address: str, port: int) -> Stored:
    listener = table.call("socket", socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK, 0)
    table.call("setsockopt", listener, socket.SOL_SOCKET, socket.SO_REUSEADDR, struct.pack("<i", 1), 4)
    if not 0 < port <= _LAST_PORT:
        raise OSError(f"{STEPS[2]}: nobody can listen on {address}:{port}")
    name = struct.pack("<H", socket.AF_INET) + struct.pack(">H", port) + socket.inet_aton(address) + bytes(8)
    table.call("bind", listener, name, len(name), words=f"listen on {address}:{port}")
    table.call("listen", listener, _BACKLOG)
    return listener
