"""What /proc says about a process or its tree: processor time, resident and proportional memory.

Only reads; nothing here starts or ends a process (that is `bench.running`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


def tree(pid: int) -> list[int]:
    """Give `pid` and all its descendants, parents first."""
    found = [pid]
    for parent in found:
        found.extend(_children(parent))
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    for task in _tasks(pid):
        try:
            children.extend(int(word) for word in (task / "children").read_text().split())
        except OSError:
            continue
    return children


def _tasks(pid: int) -> list[Path]:
    try:
        return list((_PROC / str(pid) / "task").iterdir())
    except OSError:
        return []


def cpu_ns(pid: int) -> int:
    """Give the processor time of all living threads of one process, in nanoseconds.

    The scheduler's own counter is used because `/proc/PID/stat` counts in ticks of 10 ms.
    """
    total = 0
    for task in _tasks(pid):
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except (OSError, IndexError):
            continue
    return total


def thread_cpu_ns(pid: int) -> dict[tuple[int, str], int]:
    """Give the processor time of each living thread of a process, by thread id and name, in nanoseconds."""
    spent: dict[tuple[int, str], int] = {}
    for task in _tasks(pid):
        try:
            name = (task / "comm").read_text().strip()
            spent[int(task.name), name] = int((task / "schedstat").read_text().split()[0])
        except (OSError, IndexError):
            continue
    return spent


def tree_cpu_ns(pid: int) -> int:
    """Give the processor time of a process and its living descendants, in nanoseconds."""
    return sum(cpu_ns(each) for each in tree(pid))


def rss_bytes(pid: int) -> int:
    """Give the resident memory of one process; 0 when it is gone."""
    try:
        status = (_PROC / str(pid) / "status").read_text()
    except OSError:
        return 0
    return _kib_field(status, "VmRSS:")


def pss_bytes(pid: int) -> int:
    """Give the proportional share of memory of one process; 0 when it is gone or unreadable."""
    try:
        rollup = (_PROC / str(pid) / "smaps_rollup").read_text()
    except OSError:
        return 0
    return _kib_field(rollup, "Pss:")


def _kib_field(text: str, name: str) -> int:
    for line in text.splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return 0


@dataclass(frozen=True, slots=True)
class TreeMemory:
    """Memory of one process and of everything below it, in bytes."""

    processes: int
    own_pss: int
    own_rss: int
    tree_pss: int


def tree_memory(pid: int) -> TreeMemory:
    """Read the memory of a process tree; shared pages are counted once (PSS)."""
    pids = tree(pid)
    shares = {each: pss_bytes(each) for each in pids}
    return TreeMemory(len(pids), shares[pid], rss_bytes(pid), sum(shares.values()))


def command(pid: int) -> str:
    """Give the command line of a process, for the report; empty when it is gone."""
    try:
        return (
            (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        )
    except OSError:
        return ""
