"""What a server leaves on its host: processes, mounts and control groups, found by its data directory."""

from __future__ import annotations

import os
import time
from pathlib import Path

from lambdad.worker.sandbox.factory import data_id


def traces(data_dir: Path) -> list[str]:
    """Processes, mounts and control groups that belong to the server of a data directory."""
    name = f"lambdad-{data_id(data_dir)}"
    groups = [
        Path(root, directory)
        for root, directories, _ in os.walk("/sys/fs/cgroup")
        for directory in directories
        if directory == name
    ]
    found = [f"group {group}" for group in groups]
    found += [f"process {pid}" for pid in processes(data_dir)]
    mounts = Path("/proc/self/mounts").read_text()
    return found + [f"mount {line}" for line in mounts.splitlines() if str(data_dir) in line]


def processes(data_dir: Path) -> list[int]:
    """Every process whose command line or control group names the data directory's server."""
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


def left_after(data_dir: Path, within_s: float = 20.0) -> list[str]:
    """What is still there once the host has had time to tidy up; empty when all is well."""
    deadline = time.monotonic() + within_s
    while (left := traces(data_dir)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left
