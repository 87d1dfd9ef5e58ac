"""Where control groups can be made on this host, with which controllers, and by what they are frozen.

As an ordinary user that is where a service manager has delegated a group; in a container the top group may
hold processes, which go one group down first.
"""

# os.path on purpose: pathlib would add to the start of a process that must be small.
# ruff: noqa: PTH103, PTH118

from __future__ import annotations

import os
from typing import NamedTuple

from lambdad.worker.sandbox.launcher.group_files import lines, read, write

CONTROLLERS = ("memory", "cpu", "pids")
_PREFIX = "lambdad-"
_SERVER = "lambdad-server"
_MOVES = 20


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
    path = next((line[3:] for line in lines(f"{proc}/cgroup") if line.startswith("0::")), "")
    # There already, when the launcher was started again.
    return path.rstrip("/").removesuffix("/" + _SERVER)


def _find_unified(data_id: str, root: str | None, proc: str) -> Found:
    if root is None:
        return Found(0, {}, {})
    offered = read(root, "cgroup.controllers").split()
    if not set(CONTROLLERS) & set(offered):
        return Found(0, {}, {})  # a hybrid host: the controllers belong to version 1
    try:
        base = _delegated(root, proc)
        parent = os.path.join(base, _PREFIX + data_id)
        os.makedirs(parent, exist_ok=True)
        _enable(parent)
    except OSError as error:
        return Found(0, {}, dict.fromkeys(CONTROLLERS, f"no delegated control group: {error}"))
    active = read(parent, "cgroup.subtree_control").split()
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
        if not (members := read(own, "cgroup.procs").split()):
            break
        for pid in members:
            _move(pid, leaf)
    _enable(own)
    return own


def _move(pid: str, group: str) -> None:
    try:
        write(group, "cgroup.procs", pid)
    except ProcessLookupError:
        return  # it has ended


def _enable(path: str) -> None:
    offered = set(read(path, "cgroup.controllers").split())
    active = set(read(path, "cgroup.subtree_control").split())
    wanted = [f"+{name}" for name in CONTROLLERS if name in offered - active]
    if wanted:
        write(path, "cgroup.subtree_control", " ".join(wanted))


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
    for line in lines(mounts):
        _, place, kind, options, *_ = line.split()
        if kind == "cgroup2":
            points.setdefault("cgroup2", place)
        elif kind == "cgroup":
            for option in options.split(","):
                points.setdefault(option, place)
    return points
