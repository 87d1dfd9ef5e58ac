"""What all sandboxes of a server use of memory, and how much they may: read from their parent control group.

Page cache that the kernel can take back does not count; what lies in a tmpfs does, as nobody can. Files of
removed sandboxes still in the cache are charged to the parent and are no exception.

Source: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst of Linux.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from lambdad.worker.sandbox.plan import SandboxFactory

_RECLAIMABLE: Final = {
    1: ("total_active_file", "total_inactive_file"),
    2: ("active_file", "inactive_file", "slab_reclaimable"),
}
_USAGE: Final = {1: "memory.usage_in_bytes", 2: "memory.current"}
_LIMIT: Final = {1: "memory.limit_in_bytes", 2: "memory.max"}
_PROCESSES: Final = "cgroup.procs"


class GroupMemory:
    """Implements `placement.capacity.MemoryUse`.

    Args:
        version: of the hierarchy that has the memory controller, 1 or 2.
        group: the parent group of all sandboxes.
    """

    def __init__(self, version: int, group: Path) -> None:
        self._version = version
        self._group = group

    def used_bytes(self) -> int | None:
        """Bytes in use now that the kernel cannot take back; None when the group is gone.

        With a thousand sandboxes a read takes about a millisecond: the kernel adds up their counters.
        """
        try:
            used = int((self._group / _USAGE[self._version]).read_text())
            stat = (self._group / "memory.stat").read_text()
        except (OSError, ValueError):
            return None
        return max(0, used - _sum_of(stat, _RECLAIMABLE[self._version]))

    def limit_bytes(self) -> int | None:
        """The tightest limit of the group and of those above it; None when there is none."""
        found = []
        for group in (self._group, *self._group.parents):
            if not (group / _PROCESSES).exists():
                break
            limit = _number(group / _LIMIT[self._version])
            if limit is not None:
                found.append(limit)
        return min(found, default=None)


def of(factory: SandboxFactory) -> GroupMemory | None:
    """What all sandboxes of a factory use together; None when this host or the tier cannot tell."""
    found = getattr(factory, "memory", None)  # of the namespace tier alone
    return found if isinstance(found, GroupMemory) else None


def host_bytes() -> int:
    """Physical memory of this host."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _sum_of(stat: str, names: tuple[str, ...]) -> int:
    """The sum of the numbers behind these names, one per line."""
    pairs = (line.partition(" ") for line in stat.splitlines())
    return sum(int(value) for name, _, value in pairs if name in names)


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # "max", or the root group of version 2, which has no such file
        return None
