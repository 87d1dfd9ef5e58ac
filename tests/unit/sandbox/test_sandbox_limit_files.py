"""What is written to and read from control groups, on files that look like theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdad.worker.sandbox.launcher.cgroups import Groups, Wanted
from lambdad.worker.sandbox.launcher.hierarchies import Found
from lambdad.worker.sandbox.limit_files import LimitFiles

MIB = 1 << 20


def files(group: Path, version: int, **contents: str) -> LimitFiles:
    for name, text in contents.items():
        (group / name.replace("__", ".")).write_text(text)
    return LimitFiles(version, {"memory": str(group), "cpu": str(group), "pids": str(group)})


@pytest.mark.parametrize(
    ("vcpus", "quota", "weight"),
    [(1.0, 100_000, 100), (128 / 1769, 7_236, 7), (10_240 / 1769, 578_858, 579), (0.001, 1_000, 1)],
)
def test_version_2_takes_quota_period_and_weight(
    tmp_path: Path, vcpus: float, quota: int, weight: int
) -> None:
    limit_files = files(tmp_path, 2, cpu__max="", cpu__weight="")
    limit_files.apply_cpu_quota(vcpus)
    assert (tmp_path / "cpu.max").read_text() == f"{quota} 100000"
    assert (tmp_path / "cpu.weight").read_text() == str(weight)


@pytest.mark.parametrize(
    ("vcpus", "quota", "shares"), [(1.0, 100_000, 1024), (128 / 1769, 7_236, 74), (0.001, 1_000, 2)]
)
def test_version_1_takes_quota_and_shares(tmp_path: Path, vcpus: float, quota: int, shares: int) -> None:
    limit_files = files(tmp_path, 1, cpu__cfs_period_us="", cpu__cfs_quota_us="", cpu__shares="")
    limit_files.apply_cpu_quota(vcpus)
    assert (tmp_path / "cpu.cfs_period_us").read_text() == "100000"
    assert (tmp_path / "cpu.cfs_quota_us").read_text() == str(quota)
    assert (tmp_path / "cpu.shares").read_text() == str(shares)


def test_kills_for_memory_are_counted_in_both_versions(tmp_path: Path) -> None:
    events = "low 0\nhigh 0\nmax 7\noom 2\noom_kill 3\noom_group_kill 0\n"
    assert files(tmp_path, 2, memory__events=events).oom_kills() == 3
    control = "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n"
    assert files(tmp_path, 1, memory__oom_control=control).oom_kills() == 4


def test_the_peak_is_read_in_both_versions(tmp_path: Path) -> None:
    assert files(tmp_path, 2, memory__peak="1234\n").peak_memory_bytes() == 1234
    assert files(tmp_path, 1, memory__max_usage_in_bytes="4321\n").peak_memory_bytes() == 4321


@pytest.mark.parametrize("version", [1, 2])
def test_files_an_older_kernel_lacks_count_as_nothing(tmp_path: Path, version: int) -> None:
    limit_files = files(tmp_path, version)
    assert (limit_files.peak_memory_bytes(), limit_files.oom_kills()) == (0, 0)


def test_a_host_without_control_groups_limits_and_tells_nothing() -> None:
    limit_files = LimitFiles(0, {})
    limit_files.apply_cpu_quota(1.0)
    assert (limit_files.peak_memory_bytes(), limit_files.oom_kills()) == (0, 0)


def test_without_controllers_no_group_is_made() -> None:
    groups = Groups(Found(0, {}, {}))
    assert groups.make("one", Wanted(MIB, 10)).descriptors == []
    assert groups.remove("one")
    groups.close()


def test_a_group_that_is_gone_already_counts_as_removed(tmp_path: Path) -> None:
    groups = Groups(Found(2, {"memory": str(tmp_path), "pids": str(tmp_path)}, {}))
    assert groups.remove("never-made")


def test_a_group_that_is_still_in_use_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "busy").mkdir()
    (tmp_path / "busy" / "process").touch()  # a directory that rmdir refuses, as one with processes
    groups = Groups(Found(2, {"memory": str(tmp_path)}, {}))
    assert not groups.remove("busy")


def test_the_parent_of_two_controllers_is_told_once(tmp_path: Path) -> None:
    assert Groups(Found(2, {"memory": "/x", "pids": "/x"}, {})).directories == ["/x"]
    assert Groups(Found(1, {"memory": "/m", "pids": "/p"}, {})).directories == ["/m", "/p"]


def test_a_lifted_quota_is_none(tmp_path: Path) -> None:
    files(tmp_path, 2, cpu__max="").lift_cpu_quota()
    assert (tmp_path / "cpu.max").read_text() == "max"
    files(tmp_path, 1, cpu__cfs_quota_us="").lift_cpu_quota()
    assert (tmp_path / "cpu.cfs_quota_us").read_text() == "-1"


def test_what_tmp_holds_is_what_is_shared(tmp_path: Path) -> None:
    stat = "cache 900\nrss 50\nrss_huge 0\nshmem 800\ntotal_shmem 801\n"
    assert files(tmp_path, 1, memory__stat=stat).tmp_memory_bytes() == 800
