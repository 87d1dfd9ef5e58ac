"""Children that carry out a table instead of going on as an interpreter: no memory is copied for them.

Before: the launcher or a fork server knows what its child shall do. After: that has executed the first
process of a sandbox, or has cloned one more in its parent's image, and has ended.
"""

from __future__ import annotations

import ctypes
import errno
import signal
import struct

from lambdad.worker.sandbox.launcher import syscalls
from lambdad.worker.sandbox.launcher.first import forked
from lambdad.worker.sandbox.launcher.first.becoming import Powers
from lambdad.worker.sandbox.launcher.first.forked import CLONE_ARGUMENTS, INTO_CGROUP, Fork
from lambdad.worker.sandbox.launcher.first.machine import CONTROL, spawn_at
from lambdad.worker.sandbox.launcher.first.table import READY, Label, Table

_AREA_BYTES, _STACK_BYTES, _CODE_BYTES = 0x8000, 0x2000, 0x1000  # the stack is the end of the area
_PIDFD, _SHARED, _WAITING = 0x1000, 0x100, 0x4000  # CLONE_VM, CLONE_VFORK
_EMPTY_PATH, _CLOEXEC, _DUPFD, _FAILED = 0x1000, 0o2000000, 0, 127
_PROGRAM = 60  # above every number that the first process is given
_CAPABILITY_VERSION_3, _AMBIENT_RAISE = 0x2008_0522, 2
_CAPABILITIES = (
    syscalls.CAP_KILL,
    syscalls.CAP_SETGID,
    syscalls.CAP_SETUID,
    syscalls.CAP_SETPCAP,
    syscalls.CAP_NET_ADMIN,
    syscalls.CAP_SYS_ADMIN,
)
"""What a first process needs to make its world; it gives them up as soon as that is done."""


class Spawner:
    """Makes such children, one at a time.

    Args:
        program: descriptor of `first.machine.executable`; its code is mapped here, too.
    """

    def __init__(self, program: int) -> None:
        self._program = program
        self._code = syscalls.map_program(program, _CODE_BYTES)
        self._area = syscalls.map_memory(_AREA_BYTES)
        entry = self._code + spawn_at(syscalls.architecture())
        self._spawn = ctypes.PYFUNCTYPE(ctypes.c_long, *[ctypes.c_void_p] * 3)(entry)
        self._pidfd = ctypes.c_int(-1)
        self._pid = ctypes.c_int(0)

    def first_process(
        self,
        namespaces: int,
        born_into: int | None,
        descriptors: list[int],
        control: int,
        arguments: tuple[str, ...],
    ) -> tuple[int, int]:
        """Clone a child into new namespaces, which executes the program.

        Args:
            namespaces: CLONE_NEW….
            born_into: a version 2 group.
            descriptors: what it has from `CONTROL` on, in order; everything else is closed.
            control: of these, the one on which the server is told what goes wrong.
            arguments: what it shows on the host.

        Returns:
            Its pid and a pidfd of it.

        Raises:
            OSError: there can be no such child.
        """
        table = Table(READY, self._area)
        early = table.failed = Label()
        # Its ids are not mapped yet, so being root is worth nothing in exec.
        low = sum(1 << capability for capability in _CAPABILITIES)
        header = struct.pack("<Ii", _CAPABILITY_VERSION_3, 0)
        table.call("capset", header, struct.pack("<6I", low, low, low, 0, 0, 0))
        for capability in _CAPABILITIES:
            table.call("prctl", syscalls.PR_CAP_AMBIENT, _AMBIENT_RAISE, capability, 0, 0)
        # Out of the way of the numbers that are given, first.
        sources = [table.call("fcntl", one, _DUPFD, _PROGRAM + 1) for one in (self._program, *descriptors)]
        late = table.failed = Label()
        for number, source in enumerate(sources[1:], CONTROL):
            table.call("dup3", source, number, 0)
        table.call("dup3", sources[0], _PROGRAM, _CLOEXEC)
        table.call("close_range", CONTROL + len(descriptors), _PROGRAM - 1, 0)
        table.call("close_range", _PROGRAM + 1, 0xFFFF_FFFF, 0)
        words = table.pointers([table.text(word) for word in arguments])
        table.call("execveat", _PROGRAM, b"\0", words, table.pointers([]), _EMPTY_PATH)
        table.failed = None
        table.here(late)
        table.call("dup3", CONTROL + descriptors.index(control), CONTROL, 0)
        table.answer()
        table.call("exit_group", _FAILED)
        table.here(early)
        table.call("dup3", control, CONTROL, 0)
        table.answer()
        table.call("exit_group", _FAILED)
        return self._clone(table.packed(), namespaces | _PIDFD, born_into), self._pidfd.value

    def fork_of_another(self, pid: int, powers: Powers, fork: Fork) -> int:
        """Fork this process as the child of another one, which ends at once.

        Args:
            pid: of the one between, in the pid namespace that children are cloned into.
            powers: of the sandbox.
            fork: what it is to become.

        Returns:
            The pid here of the one between, to be waited for: it exits with 0, or an error number;
            0 in the fork, once it has become that.

        Raises:
            OSError: there can be no process between.
        """
        return self._clone(forked.packed(self._area, powers, fork), 0, None, pid)

    def forget(self) -> None:
        """Unmap all of it: in a fork, which is not to have it."""
        syscalls.unmap(self._code, _CODE_BYTES)
        syscalls.unmap(self._area, _AREA_BYTES)

    def _clone(self, packed: bytes, flags: int, born_into: int | None, wanted_pid: int | None = None) -> int:
        room = _AREA_BYTES - _STACK_BYTES
        if len(packed) > room:
            raise OSError(errno.E2BIG, "the table of a child is too long")
        ctypes.memmove(self._area, packed, len(packed))
        self._pid.value = wanted_pid or 0
        arguments = CLONE_ARGUMENTS.pack(
            flags | _SHARED | _WAITING | (0 if born_into is None else INTO_CGROUP),
            ctypes.addressof(self._pidfd),
            0,
            0,
            signal.SIGCHLD,
            self._area + room,
            _STACK_BYTES,
            0,
            0 if wanted_pid is None else ctypes.addressof(self._pid),
            0 if wanted_pid is None else 1,
            born_into or 0,
        )
        made = int(self._spawn(arguments, len(arguments), self._area))
        if made < 0:
            raise OSError(-made, "clone")
        return made
