"""Limits through control groups, version 2 or version 1, whichever the host has with the controllers.

Every sandbox has one group per hierarchy, `<hierarchy>/lambdad-<id of the data directory>/<sandbox>`; the
name lets a later server find and remove what a killed one left. Two ways to get a process in, because
moving one costs up to 20 ms of waiting in the kernel:

* version 1: the process itself writes 0 into `tasks`, which takes no lock; pid 1 stays outside;
* version 2: pid 1 is born in the group (CLONE_INTO_CGROUP), so limits grow by what it needs.

Freezing is version 2's `cgroup.freeze`, which needs no controller: where version 1 has the controllers,
a sandbox has a group of the unified hierarchy for this alone.

Source: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/ of Linux.
"""

# os.path on purpose: pathlib would add to the start of a process that must be small.
# ruff: noqa: PTH102, PTH106, PTH118

from __future__ import annotations

import os
import signal
import time
from typing import NamedTuple

from lambdad.worker.sandbox.launcher.group_files import read, write, write_if_there
from lambdad.worker.sandbox.launcher.hierarchies import Found, freeze_file

REAPER_BYTES = 4 * 1024 * 1024
"""What pid 1 in the group of its sandbox takes at most: a clone of the launcher, until it executes."""
_REAPER_TASKS = 1
_INIT_WEIGHT, _INIT_SHARES = 10, 102  # a tenth of what an ordinary process has, while Init runs
_REMOVE_WITHIN_S = 2.0


class Wanted(NamedTuple):
    """Limits of one sandbox, as the server sends them; a blank's memory is limited when it is assigned."""

    memory_bytes: int | None
    processes: int


class Keys(NamedTuple):
    """Descriptors that let a sandbox's processes into its groups.

    Attributes:
        born_into: directory of a version 2 group, for pid 1.
        tasks: files of version 1 groups, to write 0 into.
    """

    born_into: int | None
    tasks: list[int]

    @property
    def descriptors(self) -> list[int]:
        """All of them, to be closed."""
        return self.tasks if self.born_into is None else [self.born_into, *self.tasks]


class Groups:
    """The groups of one server's sandboxes."""

    def __init__(self, found: Found) -> None:
        self.found = found

    @property
    def directories(self) -> list[str]:
        """Every parent directory once."""
        freezer = {self.found.freezer} if self.found.freezer is not None else set()
        return sorted({*self.found.parents.values(), *freezer})

    @property
    def tasks(self) -> int:
        """How many of `Keys.tasks` every sandbox has."""
        return len(self.found.parents) if self.found.version == 1 else 0

    def make(self, name: str, wanted: Wanted) -> Keys:
        """Make a sandbox's groups and set their limits; low CPU weight and no quota yet."""
        if self.found.version == 2:
            parent = next(iter(self.found.parents.values()))
            return Keys(self._make_unified(os.path.join(parent, name), wanted), [])
        freezer = self.found.freezer
        born_into = _make_group(os.path.join(freezer, name)) if freezer is not None else None
        tasks: list[int] = []
        try:
            for controller, parent in self.found.parents.items():
                tasks.append(self._make_v1(controller, os.path.join(parent, name), wanted))
        except BaseException:
            for descriptor in Keys(born_into, tasks).descriptors:
                os.close(descriptor)
            raise
        return Keys(born_into, tasks)

    def freeze_file(self, name: str) -> str | None:
        """The file by which a sandbox is frozen and thawed."""
        return None if self.found.freezer is None else freeze_file(self.found.freezer, name)

    def give_up_freezer(self) -> None:
        """Freezing by a group does not work here; a group that was for this alone goes."""
        freezer, self.found = self.found.freezer, self.found._replace(freezer=None)
        if freezer is not None and freezer not in self.directories:
            _remove(freezer)

    def remove(self, name: str) -> bool:
        """Remove a sandbox's groups; False when a process is still in one."""
        left = [parent for parent in self.directories if not _remove(os.path.join(parent, name))]
        return not left

    def sweep(self) -> None:
        """End whatever still runs in groups of this data directory and remove them."""
        for parent in self.directories:
            for name in _children(parent):
                _end_group(os.path.join(parent, name))

    def close(self) -> None:
        """Remove the parents, too."""
        self.sweep()
        for parent in self.directories:
            _remove(parent)

    def _make_unified(self, path: str, wanted: Wanted) -> int:
        made = _make_group(path)
        try:
            self._limit(path, wanted)
        except BaseException:
            os.close(made)
            raise
        return made

    def _limit(self, path: str, wanted: Wanted) -> None:
        if "memory" in self.found.parents:
            if wanted.memory_bytes is not None:
                write(path, "memory.max", wanted.memory_bytes + REAPER_BYTES)
            write_if_there(path, "memory.swap.max", 0)
        if "pids" in self.found.parents:
            write(path, "pids.max", wanted.processes + _REAPER_TASKS)
        if "cpu" in self.found.parents:
            write(path, "cpu.weight", _INIT_WEIGHT)

    def _make_v1(self, controller: str, path: str, wanted: Wanted) -> int:
        os.mkdir(path)
        if controller == "memory":
            if wanted.memory_bytes is not None:
                write(path, "memory.limit_in_bytes", wanted.memory_bytes)
                write_if_there(path, "memory.memsw.limit_in_bytes", wanted.memory_bytes)
            write_if_there(path, "memory.swappiness", 0)  # where swap is not accounted
        elif controller == "pids":
            write(path, "pids.max", wanted.processes)
        else:
            write(path, "cpu.shares", _INIT_SHARES)
        return os.open(os.path.join(path, "tasks"), os.O_WRONLY | os.O_CLOEXEC)


def _end_group(path: str) -> None:
    deadline = time.monotonic() + _REMOVE_WITHIN_S
    while not _remove(path) and time.monotonic() < deadline:
        for pid in read(path, "cgroup.procs").split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.002)


def _make_group(path: str) -> int:
    os.mkdir(path)
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def _remove(path: str) -> bool:
    try:
        os.rmdir(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _children(path: str) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(path) if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
