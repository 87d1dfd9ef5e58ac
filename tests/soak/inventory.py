"""What a server holds of its host, counted from outside: everything that could be left behind."""

from __future__ import annotations

import os
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from lambdad.worker.sandbox.factory import data_id

_LAUNCHER = "lambdad.worker.sandbox.launcher"
_GROWING = ("server_kib", "launcher_kib", "server_threads", "leads_to")
_GROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Held:
    """How much of everything, resident sizes in KiB."""

    processes: int
    groups: int
    server_mounts: int
    launcher_mounts: int
    host_mounts: int
    links: int
    namespaces: int
    server_descriptors: int
    launcher_descriptors: int
    server_threads: int
    sandboxes: int
    server_kib: int
    launcher_kib: int
    leads_to: tuple[str, ...]
    """What each descriptor of the server leads to."""

    def counts(self) -> dict[str, int]:
        """What must come back to exactly what it was: everything but memory and the threads of a pool."""
        return {name: value for name, value in asdict(self).items() if name not in _GROWING}


def held(server_pid: int, data_dir: Path) -> Held:
    """Count; the server is running."""
    launcher = launcher_of(server_pid)
    server_kib, launcher_kib = resident_kib(server_pid)
    mine = processes(data_dir)
    return Held(
        processes=len(mine),
        groups=len(sandbox_groups(data_dir)),
        server_mounts=_mounts(server_pid),
        launcher_mounts=_mounts(launcher),
        host_mounts=sum(str(data_dir) in line for line in _lines(Path("/proc/self/mountinfo"))),
        links=_links(launcher),
        namespaces=len({name for pid in mine for name in _namespaces(pid)}),
        server_descriptors=_entries(server_pid, "fd"),
        launcher_descriptors=_entries(launcher, "fd"),
        server_threads=_entries(server_pid, "task"),
        sandboxes=len(list(data_dir.glob("sandbox*/*"))),
        server_kib=server_kib,
        launcher_kib=launcher_kib,
        leads_to=tuple(descriptors(server_pid)),
    )


def descriptors(pid: int) -> list[str]:
    """What every descriptor of a process leads to, without the numbers that differ each time."""
    found = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.append(os.readlink(entry).partition("[")[0])
        except OSError:
            continue
    return sorted(found)


def processes(data_dir: Path) -> list[int]:
    """Every process whose command line, group or root names the server of a data directory."""
    marks = (data_id(data_dir), str(data_dir))
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            said = (entry / "cmdline").read_text("utf-8", "replace") + (entry / "cgroup").read_text()
        except OSError:
            continue
        if any(mark in said for mark in marks):
            found.append(int(entry.name))
    return found


def sandbox_groups(data_dir: Path) -> list[Path]:
    """The control groups of sandboxes, of every hierarchy; also groups that a sandbox made below."""
    name = f"lambdad-{data_id(data_dir)}"
    tops = [Path(root, name) for root, below, _ in os.walk(_GROUPS) if name in below]
    return [Path(root) for top in tops for root, _, _ in os.walk(top) if Path(root) != top]


def launcher_of(server_pid: int) -> int:
    """The server's helper process; 0 when there is none now."""
    for pid in _lines(Path(f"/proc/{server_pid}/task/{server_pid}/children")):
        for child in pid.split():
            command = "".join(_lines(Path(f"/proc/{child}/cmdline")))
            if _LAUNCHER in command:
                return int(child)
    return 0


def _links(launcher: int) -> int:
    """Links in the router's namespace, which only the launcher's descriptor leads to; an ordinary user sees 0."""
    own = os.stat(f"/proc/{launcher}/ns/net").st_ino if launcher else 0
    for descriptor in Path(f"/proc/{launcher}/fd").iterdir() if launcher else ():
        try:
            leads_to = os.readlink(descriptor)
        except OSError:
            continue
        if leads_to.startswith("net:[") and leads_to != f"net:[{own}]":
            command = ["nsenter", f"--net={descriptor}", "cat", "/proc/self/net/dev"]
            return len(
                subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
            )
    return 0


def _namespaces(pid: int) -> list[str]:
    try:
        return [os.readlink(f"/proc/{pid}/ns/{kind}") for kind in ("mnt", "net", "pid", "user")]
    except OSError:
        return []


def _mounts(pid: int) -> int:
    return len(_lines(Path(f"/proc/{pid}/mountinfo")))


def _entries(pid: int, name: str) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/{name}"))
    except OSError:
        return 0


def resident_kib(server_pid: int) -> tuple[int, int]:
    """Of the server and of its launcher; 0 for one that is not there."""
    return _resident_kib(server_pid), _resident_kib(launcher_of(server_pid))


def _resident_kib(pid: int) -> int:
    lines = _lines(Path(f"/proc/{pid}/status"))
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
