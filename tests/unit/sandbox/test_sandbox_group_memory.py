"""What all sandboxes use together, from files as either version of control groups has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdad.worker.sandbox.group_memory import GroupMemory

FILES = {
    1: (
        "memory.usage_in_bytes",
        "memory.limit_in_bytes",
        "cache 9\ninactive_file 1\ntotal_shmem 50\ntotal_inactive_file 100\ntotal_active_file 20\n",
    ),
    2: (
        "memory.current",
        "memory.max",
        "anon 7\nshmem 50\ninactive_file 90\nactive_file 20\nslab_reclaimable 10\n",
    ),
}


def group(path: Path, version: int, used: int, limit: str) -> Path:
    usage, bound, stat = FILES[version]
    path.mkdir(parents=True, exist_ok=True)
    for name, text in ((usage, used), (bound, limit), ("memory.stat", stat), ("cgroup.procs", "")):
        (path / name).write_text(f"{text}\n")
    return path


@pytest.mark.parametrize("version", [1, 2])
def test_cache_that_can_be_taken_back_does_not_count_and_tmpfs_does(tmp_path: Path, version: int) -> None:
    assert GroupMemory(version, group(tmp_path, version, 1_120, "9")).used_bytes() == 1_000


@pytest.mark.parametrize("version", [1, 2])
def test_the_tightest_limit_above_it_counts(tmp_path: Path, version: int) -> None:
    group(tmp_path / "container", version, 0, "5000")
    inner = group(tmp_path / "container" / "lambdad", version, 0, "max" if version == 2 else str(2**62))
    assert GroupMemory(version, inner).limit_bytes() == 5_000


@pytest.mark.parametrize("version", [1, 2])
def test_a_group_that_is_gone_tells_nothing(tmp_path: Path, version: int) -> None:
    memory = GroupMemory(version, tmp_path / "gone")
    assert (memory.used_bytes(), memory.limit_bytes()) == (None, None)
