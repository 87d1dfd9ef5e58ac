"""Limits through control groups, version 2 or version 1, whichever the host has with the controllers.

Every sandbox has one group per hierarchy, `<hierarchy>/lambdad-<id of the data directory>/<sandbox>`; the
name lets a later server find and remove what a killed one left. Two ways to get a process in, because
moving one costs up to 20 ms of waiting in the kernel:

* version 1: the process itself writes 0 into `tasks`, which takes no lock; the reaper stays outside;
* version 2: the reaper is born in the group (CLONE_INTO_CGROUP), so limits grow by what it needs.

Freezing is version 2's `cgroup.freeze`, which needs no controller: where version 1 has the controllers,
a sandbox has a group of the unified hierarchy for this alone.

Source: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/ of Linux.
"""

# os.path on purpose: pathlib would add to the start of a process that must be small.
# ruff: noqa: PTH102, PTH103, PTH106, PTH110, PTH118

from __future__ import annotations

import os
import signal
import time
from typing import NamedTuple

CONTROLLERS = ("memory", "cpu", "pids")
_PREFIX = "lambdad-"
_SERVER = "lambdad-server"
_REAPER_BYTES = 4 * 1024 * 1024  # measured: 1.6 MB of private pages, page tables and stacks
_REAPER_TASKS = 1
_INIT_WEIGHT, _INIT_SHARES = 10, 102  # a tenth of what an ordinary process has, while Init runs
_REMOVE_WITHIN_S = 2.0
_MOVES = 20


class Wanted(NamedTuple):
    """Limits of one sandbox, as the server sends them."""

    memory_bytes: int
    processes: int


class Found(NamedTuple):
    """Where groups can be made: the directory per controller, and what is missing.

    Attributes:
        version: 2, 1, or 0 when no controller can be used.
        parents: controller → directory in which a sandbox's group is made.
        problems: controller → why it cannot be used.
        freezer: directory of the unified hierarchy in which a sandbox's group is made to be frozen by;
            None when there is none that we may use.
    """

    version: int
    parents: dict[str, str]
    problems: dict[str, str]
    freezer: str | None = None


class Keys(NamedTuple):
    """Descriptors that let a sandbox's processes into its groups.

    Attributes:
        born_into: directory of a version 2 group, for the reaper.
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
            _write(path, "memory.max", wanted.memory_bytes + _REAPER_BYTES)
            _write_if_there(path, "memory.swap.max", 0)
        if "pids" in self.found.parents:
            _write(path, "pids.max", wanted.processes + _REAPER_TASKS)
        if "cpu" in self.found.parents:
            _write(path, "cpu.weight", _INIT_WEIGHT)

    def _make_v1(self, controller: str, path: str, wanted: Wanted) -> int:
        os.mkdir(path)
        if controller == "memory":
            _write(path, "memory.limit_in_bytes", wanted.memory_bytes)
            _write_if_there(path, "memory.memsw.limit_in_bytes", wanted.memory_bytes)
            _write_if_there(path, "memory.swappiness", 0)  # where swap is not accounted
        elif controller == "pids":
            _write(path, "pids.max", wanted.processes)
        else:
            _write(path, "cpu.shares", _INIT_SHARES)
        return os.open(os.path.join(path, "tasks"), os.O_WRONLY | os.O_CLOEXEC)


def find(data_id: str, proc: str = "/proc/self") -> Found:
    """Look for usable controllers and make the parent groups.

    Args:
        data_id: names the parent groups.
        proc: where this process's `mounts` and `cgroup` are read.
    """
    points = _mount_points(f"{proc}/mounts")
    unified = points.get("cgroup2")
    found = _find_unified(data_id, unified, proc)
    if found.version == 0:
        older = _find_v1(data_id, points)
        found = older if older.version else Found(0, {}, {**older.problems, **found.problems})
        found = found._replace(freezer=_find_freezer(data_id, unified, proc))
    return found


def freeze_file(freezer: str, name: str) -> str:
    """The file by which the sandbox `name` is frozen and thawed, below `Found.freezer`."""
    return os.path.join(freezer, name, "cgroup.freeze")


def _find_freezer(data_id: str, root: str | None, proc: str) -> str | None:
    """Where groups without controllers can be made: at the top, or in our own group if it was delegated."""
    if root is None:
        return None
    for base in (root, root + _own_group(proc)):
        parent = os.path.join(base, _PREFIX + data_id)
        try:
            os.makedirs(parent, exist_ok=True)
        except OSError:
            continue
        return parent
    return None


def _own_group(proc: str) -> str:
    path = next((line[3:] for line in _lines(f"{proc}/cgroup") if line.startswith("0::")), "")
    # There already, when the launcher was started again.
    return path.rstrip("/").removesuffix("/" + _SERVER)


def _find_unified(data_id: str, root: str | None, proc: str) -> Found:
    if root is None:
        return Found(0, {}, {})
    offered = _read(root, "cgroup.controllers").split()
    if not set(CONTROLLERS) & set(offered):
        return Found(0, {}, {})  # a hybrid host: the controllers belong to version 1
    try:
        base = _delegated(root, proc)
        parent = os.path.join(base, _PREFIX + data_id)
        os.makedirs(parent, exist_ok=True)
        _enable(parent)
    except OSError as error:
        return Found(0, {}, dict.fromkeys(CONTROLLERS, f"no delegated control group: {error}"))
    active = _read(parent, "cgroup.subtree_control").split()
    missing = {name: "not delegated to this user" for name in CONTROLLERS if name not in active}
    parents = {name: parent for name in CONTROLLERS if name in active}
    return Found(2, parents, missing, freezer=parent) if parents else Found(0, {}, missing)


def _delegated(root: str, proc: str) -> str:
    """The group under which ours are made: the top for root, our own for everybody else."""
    if os.access(os.path.join(root, "cgroup.subtree_control"), os.W_OK):
        try:
            _enable(root)
        except OSError:
            pass  # a container: its top group holds processes; go the way of an ordinary user
        else:
            return root
    own = root + _own_group(proc)
    # A group with processes of its own cannot pass controllers on: they go one down, all of them, for
    # beside the server there may be what started it (a shell, make, the first process of a container).
    leaf = os.path.join(own, _SERVER)
    os.makedirs(leaf, exist_ok=True)
    for _ in range(_MOVES):  # a process may fork while we look
        if not (members := _read(own, "cgroup.procs").split()):
            break
        for pid in members:
            _move(pid, leaf)
    _enable(own)
    return own


def _move(pid: str, group: str) -> None:
    try:
        _write(group, "cgroup.procs", pid)
    except ProcessLookupError:
        return  # it has ended


def _enable(path: str) -> None:
    offered = set(_read(path, "cgroup.controllers").split())
    active = set(_read(path, "cgroup.subtree_control").split())
    wanted = [f"+{name}" for name in CONTROLLERS if name in offered - active]
    if wanted:
        _write(path, "cgroup.subtree_control", " ".join(wanted))


def _find_v1(data_id: str, points: dict[str, str]) -> Found:
    parents: dict[str, str] = {}
    problems: dict[str, str] = {}
    for controller in CONTROLLERS:
        if controller not in points:
            problems[controller] = "the kernel offers no such controller here"
            continue
        parent = os.path.join(points[controller], _PREFIX + data_id)
        try:
            os.makedirs(parent, exist_ok=True)
            parents[controller] = parent
        except OSError as error:
            problems[controller] = str(error)
    return Found(1 if parents else 0, parents, problems)


def _mount_points(mounts: str) -> dict[str, str]:
    """Controller (or ``cgroup2``) → where it is mounted."""
    points: dict[str, str] = {}
    for line in _lines(mounts):
        _, place, kind, options, *_ = line.split()
        if kind == "cgroup2":
            points.setdefault("cgroup2", place)
        elif kind == "cgroup":
            for option in options.split(","):
                points.setdefault(option, place)
    return points


def _end_group(path: str) -> None:
    deadline = time.monotonic() + _REMOVE_WITHIN_S
    while not _remove(path) and time.monotonic() < deadline:
        for pid in _read(path, "cgroup.procs").split():
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


def _lines(path: str) -> list[str]:
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def _read(directory: str, name: str) -> str:
    try:
        with open(os.path.join(directory, name), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def _write(directory: str, name: str, value: object) -> None:
    descriptor = os.open(os.path.join(directory, name), os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, str(value).encode())
    finally:
        os.close(descriptor)


def _write_if_there(directory: str, name: str, value: object) -> None:
    if os.path.exists(os.path.join(directory, name)):
        _write(directory, name, value)
