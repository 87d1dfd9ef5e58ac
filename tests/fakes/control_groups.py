"""A unified hierarchy (control groups version 2) in ordinary files, with the kernel's rules.

What the kernel does when a directory is made or a file is written happens here through `os`, the stand-in
for the module of that name. Rules are those of Documentation/admin-guide/cgroup-v2.rst: controllers come
down one level at a time, a group with processes passes none on (the root apart), a group in use is not
removed, and an ordinary user changes only what was delegated.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any

FILES = {
    "memory": {
        "memory.max": "max\n",
        "memory.swap.max": "max\n",
        "memory.peak": "0\n",
        "memory.events": "oom 0\noom_kill 0\n",
    },
    "cpu": {"cpu.max": "max 100000\n", "cpu.weight": "100\n"},
    "pids": {"pids.max": "max\n"},
}


class Hierarchy:
    """One mounted hierarchy.

    Args:
        root: an empty directory.
        controllers: what the kernel offers.
        delegated: what an ordinary user may change (with what is below); None is everything.
        processes: whether its top is not the host's, but a container's that holds processes.
    """

    def __init__(
        self,
        root: Path,
        controllers: tuple[str, ...] = ("cpuset", "cpu", "io", "memory", "pids"),
        delegated: Path | None = None,
        *,
        processes: tuple[str, ...] = (),
    ) -> None:
        self.root = root
        self.delegated = delegated
        self.inner_root = bool(processes)
        self.os = _Os(self)
        self._fill(root, controllers)
        (root / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in processes))

    def group(self, path: str, *, passes_on: str = "", processes: tuple[str, ...] = ()) -> Path:
        """A group that is there before lambdad comes, with the controllers passed on to its children."""
        made = self.root / path
        self.make(made)
        (made / "cgroup.subtree_control").write_text(passes_on)
        (made / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in processes))
        return made

    def members(self, group: Path) -> list[str]:
        """Its processes."""
        return (group / "cgroup.procs").read_text().split()

    def proc(self, place: Path, group: str) -> str:
        """A directory with what `/proc/self` says of a process in `group`."""
        place.mkdir()
        (place / "mounts").write_text(f"proc /proc proc rw 0 0\ncgroup2 {self.root} cgroup2 rw,nosuid 0 0\n")
        (place / "cgroup").write_text(f"0::{group}\n")
        return str(place)

    def make(self, group: Path) -> None:
        """mkdir."""
        self.check(group.parent)
        group.mkdir()
        self._fill(group, tuple((group.parent / "cgroup.subtree_control").read_text().split()))

    def remove(self, group: Path) -> None:
        """rmdir."""
        self.check(group.parent)
        if not group.is_dir():
            raise FileNotFoundError(errno.ENOENT, "no such group")
        if self.members(group) or any(entry.is_dir() for entry in group.iterdir()):
            raise OSError(errno.EBUSY, "the group is in use")
        shutil.rmtree(group)

    def write(self, file: Path, text: str) -> None:
        """Write to one of its files."""
        self.check(file)
        match file.name:
            case "cgroup.procs":
                for other in self.root.rglob("cgroup.procs"):
                    other.write_text("".join(f"{pid}\n" for pid in other.read_text().split() if pid != text))
                with file.open("a") as members:
                    members.write(f"{text}\n")
            case "cgroup.subtree_control":
                self._pass_on(file.parent, text.split())
            case _:
                file.write_text(f"{text}\n")

    def check(self, path: Path) -> None:
        """Refuse what was not delegated."""
        if self.delegated is not None and not path.is_relative_to(self.delegated):
            raise PermissionError(errno.EACCES, "Permission denied")

    def _pass_on(self, group: Path, changes: list[str]) -> None:
        offered = (group / "cgroup.controllers").read_text().split()
        if self.members(group) and (group != self.root or self.inner_root):
            raise OSError(errno.EBUSY, "Device or resource busy")
        names = [change.removeprefix("+") for change in changes]
        if missing := set(names) - set(offered):
            raise FileNotFoundError(errno.ENOENT, f"not offered: {missing}")
        active = (group / "cgroup.subtree_control").read_text().split() + names
        (group / "cgroup.subtree_control").write_text(" ".join(active) + "\n")
        for child in group.iterdir():
            if child.is_dir():
                self._fill(child, tuple(active))

    def _fill(self, group: Path, controllers: tuple[str, ...]) -> None:
        (group / "cgroup.controllers").write_text(" ".join(controllers) + "\n")
        for name in ("cgroup.subtree_control", "cgroup.procs"):
            (group / name).touch()
        if group == self.root:
            return
        for controller in controllers:
            for name, text in FILES.get(controller, {}).items():
                if not (group / name).exists():
                    (group / name).write_text(text)


class _Os:
    """`os` for a module that changes control groups."""

    def __init__(self, hierarchy: Hierarchy) -> None:
        self._hierarchy = hierarchy
        self._open: dict[int, Path] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def access(self, path: str, mode: int) -> bool:
        try:
            self._hierarchy.check(Path(path))
        except PermissionError:
            return False
        return os.access(path, mode)

    def mkdir(self, path: str) -> None:
        self._hierarchy.make(Path(path))

    def makedirs(self, path: str, *, exist_ok: bool) -> None:
        if not (exist_ok and Path(path).is_dir()):
            self._hierarchy.make(Path(path))

    def rmdir(self, path: str) -> None:
        self._hierarchy.remove(Path(path))

    def open(self, path: str, flags: int) -> int:
        descriptor = os.open(path, flags)
        if flags & os.O_WRONLY:
            self._open[descriptor] = Path(path)
        return descriptor

    def write(self, descriptor: int, data: bytes) -> int:
        self._hierarchy.write(self._open[descriptor], data.decode())
        return len(data)

    def close(self, descriptor: int) -> None:
        self._open.pop(descriptor, None)
        os.close(descriptor)
