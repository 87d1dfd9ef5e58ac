"""Max Memory Used without page cache, on files that look like those of control groups."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdad.worker.sandbox.limit_files import LimitFiles
from lambdad.worker.sandbox.peak_memory import PeakMemory

MIB = 1 << 20
NAMES = {
    1: ("memory.max_usage_in_bytes", "memory.usage_in_bytes", "cache", "mapped_file"),
    2: ("memory.peak", "memory.current", "file", "file_mapped"),
}
versions = pytest.mark.parametrize("version", [1, 2])


class Group:
    """A control group's files, in MiB."""

    def __init__(self, directory: Path, version: int) -> None:
        self.directory = directory
        self.names = NAMES[version]
        self.peak = PeakMemory(LimitFiles(version, {"memory": str(directory)}))
        (directory / "cgroup.procs").write_text("")

    def told(self, *, peak: int, now: int, files: int = 0, mapped: int = 0, shmem: int = 0) -> int:
        highest, current, file, file_mapped = self.names
        (self.directory / highest).write_text(f"{peak * MIB}\n")
        (self.directory / current).write_text(f"{now * MIB}\n")
        stat = f"{file} {files * MIB}\n{file_mapped} {mapped * MIB}\nshmem {shmem * MIB}\n"
        (self.directory / "memory.stat").write_text(f"anon 1\nfile_dirty 7\n{stat}")
        return self.peak.read() // MIB


@pytest.fixture
def group(tmp_path: Path, version: int) -> Group:
    return Group(tmp_path, version)


@versions
def test_without_cache_it_is_what_the_kernel_says(group: Group) -> None:
    assert group.told(peak=90, now=20) == 90


@versions
def test_pages_of_files_do_not_count(group: Group) -> None:
    assert group.told(peak=128, now=128, files=100) == 28


@versions
def test_mapped_files_and_files_in_memory_do(group: Group) -> None:
    assert group.told(peak=128, now=128, files=100, mapped=20, shmem=30) == 78


@versions
def test_it_never_falls(group: Group) -> None:
    assert group.told(peak=90, now=20) == 90
    assert group.told(peak=128, now=128, files=120) == 90


@versions
def test_memory_that_grows_below_a_peak_made_by_cache_is_seen(group: Group) -> None:
    assert group.told(peak=128, now=128, files=120) == 8
    assert group.told(peak=128, now=100, files=40) == 88
    assert group.told(peak=128, now=110, files=10) == 118


@versions
def test_what_is_used_now_is_seen_when_the_cache_has_gone(group: Group) -> None:
    assert group.told(peak=128, now=128, files=120) == 8
    assert group.told(peak=128, now=50, files=100) == 28


@versions
def test_while_the_peak_is_explained_it_is_the_only_thing_read(group: Group) -> None:
    assert group.told(peak=60, now=60, files=4) == 56
    (group.directory / "memory.stat").unlink()
    assert group.peak.read() == 56 * MIB


def test_without_a_group_nobody_can_tell() -> None:
    assert PeakMemory(LimitFiles(0, {})).read() == 0
