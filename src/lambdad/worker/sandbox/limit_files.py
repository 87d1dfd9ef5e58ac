"""Reads and raises the limits of one sandbox through the files of its control groups."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from lambdad.worker.sandbox.launcher.cgroups import REAPER_BYTES

_PERIOD_US: Final = 100_000  # the kernel's default period of a CPU quota
_LEAST_QUOTA_US: Final = 1_000  # the least the kernel takes
_LEAST_SHARES: Final = 2


@dataclass(frozen=True, slots=True)
class LimitFiles:
    """Control groups of one sandbox.

    Attributes:
        version: 1 or 2; 0 when this host limits nothing.
        groups: controller → the sandbox's group.
    """

    version: int
    groups: Mapping[str, str]

    def apply_cpu_quota(self, vcpus: float) -> None:
        """From now on at most `vcpus` cores; weight in proportion to them."""
        group = self.groups.get("cpu")
        if group is None:
            return
        quota = max(_LEAST_QUOTA_US, round(vcpus * _PERIOD_US))
        if self.version == 2:
            _write(group, "cpu.max", f"{quota} {_PERIOD_US}")
            _write(group, "cpu.weight", str(max(1, round(vcpus * 100))))
        else:
            _write(group, "cpu.cfs_period_us", str(_PERIOD_US))
            _write(group, "cpu.cfs_quota_us", str(quota))
            _write(group, "cpu.shares", str(max(_LEAST_SHARES, round(vcpus * 1024))))

    def limit_memory(self, memory_bytes: int) -> None:
        """From now on no more than this; a blank's own use is far below.

        Raises:
            OSError: the group is gone.
        """
        group = self.groups.get("memory")
        if group is None:
            return
        if self.version == 2:
            _write(group, "memory.max", str(memory_bytes + REAPER_BYTES))
            return
        _write(group, "memory.limit_in_bytes", str(memory_bytes))
        with suppress(FileNotFoundError):  # where swap is not accounted
            _write(group, "memory.memsw.limit_in_bytes", str(memory_bytes))

    def lift_cpu_quota(self) -> None:
        """No quota: who has used up more than its time would not even die before that is paid back."""
        group = self.groups.get("cpu")
        if group is None:
            return
        if self.version == 2:
            _write(group, "cpu.max", "max")
        else:
            _write(group, "cpu.cfs_quota_us", "-1")

    def peak_memory_bytes(self) -> int:
        """Highest use so far, page cache included; 0 when the host cannot tell."""
        group = self.groups.get("memory")
        if group is None:
            return 0
        text = _read(group, "memory.peak" if self.version == 2 else "memory.max_usage_in_bytes")
        return int(text) if text else 0

    def memory_bytes(self) -> int:
        """Use now, page cache included; 0 when the host cannot tell."""
        group = self.groups.get("memory")
        if group is None:
            return 0
        text = _read(group, "memory.current" if self.version == 2 else "memory.usage_in_bytes")
        return int(text) if text else 0

    def cached_bytes(self) -> int:
        """Pages of files on disk that no process has mapped: the kernel takes them back when it needs any."""
        group = self.groups.get("memory")
        if group is None:
            return 0
        text = _read(group, "memory.stat")
        names = ("file", "file_mapped") if self.version == 2 else ("cache", "mapped_file")
        files, mapped = (_counted(text, name) for name in names)
        return max(0, files - mapped - _counted(text, "shmem"))

    def most_given_back_bytes(self, most_processes: int) -> int:
        """How much more than now one of the processes (the first few) once had in its resident set."""
        group = self.groups.get("memory")
        if group is None:
            return 0
        pids = _read(group, "cgroup.procs").split("\n")[:most_processes]
        return max((_given_back(_read("/proc", f"{pid}/status")) for pid in pids if pid), default=0)

    def tmp_memory_bytes(self) -> int:
        """What the files of a tmpfs take of the memory; nothing can take it back while they are there."""
        group = self.groups.get("memory")
        return 0 if group is None else _counted(_read(group, "memory.stat"), "shmem")

    def oom_kills(self) -> int:
        """How often the kernel killed for memory in this sandbox."""
        group = self.groups.get("memory")
        if group is None:
            return 0
        text = _read(group, "memory.events" if self.version == 2 else "memory.oom_control")
        return _counted(text, "oom_kill")


def _counted(text: str, name: str) -> int:
    """The number behind a name, one per line; 0 when it is not there."""
    lines = (line.split() for line in text.splitlines() if line.startswith(name))
    return next((int(words[1]) for words in lines if words[0] == name), 0)


def _given_back(status: str) -> int:
    return 1024 * (_counted(status, "VmHWM:") - _counted(status, "VmRSS:"))


def _read(group: str, name: str) -> str:
    try:
        descriptor = os.open(f"{group}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    try:
        return os.read(descriptor, 4096).decode()
    except ProcessLookupError:  # it ended just now
        return ""
    finally:
        os.close(descriptor)


def _write(group: str, name: str, value: str) -> None:
    descriptor = os.open(f"{group}/{name}", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, value.encode())
    finally:
        os.close(descriptor)
