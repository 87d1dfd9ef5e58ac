"""Control groups version 2: where they are found, how they are delegated, what is written into them.

No test host needs to have the controllers in version 2: a fake keeps the kernel's rules.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lambdad.worker.sandbox.launcher import cgroups, group_files, hierarchies
from lambdad.worker.sandbox.launcher.cgroups import Groups, Wanted
from lambdad.worker.sandbox.launcher.hierarchies import Found
from lambdad.worker.sandbox.limit_files import LimitFiles
from tests.fakes.control_groups import FILES, Hierarchy

MIB = 1 << 20
SCOPE = "/user.slice/user-1000.slice/user@1000.service/app.slice/run-1.scope"
Look = Callable[..., Found]


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Look:
    """`find` in a hierarchy, as a process of one of its groups."""

    def found_in(hierarchy: Hierarchy, group: str) -> Found:
        for module in (cgroups, group_files, hierarchies):
            monkeypatch.setattr(module, "os", hierarchy.os)
        places = sum(1 for _ in tmp_path.glob("proc*"))
        return hierarchies.find("id", hierarchy.proc(tmp_path / f"proc{places}", group))

    return found_in


def root_of(tmp_path: Path) -> Path:
    root = tmp_path / "hierarchy"
    root.mkdir()
    return root


def of_user(
    tmp_path: Path, *, delegated: bool, offered: str = "cpu memory pids", others: tuple[str, ...] = ()
) -> Hierarchy:
    """A host where an ordinary user's server (and `others`) is in a scope of its service manager."""
    root = root_of(tmp_path)
    hierarchy = Hierarchy(root)
    path = ""
    for part in SCOPE.strip("/").split("/"):
        above = root / path
        (above / "cgroup.subtree_control").write_text(offered)
        path = f"{path}/{part}".strip("/")
        hierarchy.group(path)
    members = (str(os.getppid()), str(os.getpid()), *others)
    (root / path / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in members))
    hierarchy.delegated = root / path if delegated else tmp_path / "nothing"
    return hierarchy


def test_root_makes_its_groups_at_the_top_with_every_controller(tmp_path: Path, look: Look) -> None:
    hierarchy = Hierarchy(root_of(tmp_path))
    hierarchy.group("system.slice", processes=("77",))
    found = look(hierarchy, "/system.slice")
    parent = str(hierarchy.root / "lambdad-id")
    assert found == Found(2, dict.fromkeys(("memory", "cpu", "pids"), parent), {}, freezer=parent)
    assert (hierarchy.root / "cgroup.subtree_control").read_text() == "memory cpu pids\n"
    assert hierarchy.members(hierarchy.root / "system.slice") == ["77"]  # where it was


def test_an_ordinary_user_s_groups_are_in_the_delegated_scope(tmp_path: Path, look: Look) -> None:
    hierarchy = of_user(tmp_path, delegated=True)
    found = look(hierarchy, SCOPE)
    scope = hierarchy.root / SCOPE.strip("/")
    parent = str(scope / "lambdad-id")
    assert found == Found(2, dict.fromkeys(("memory", "cpu", "pids"), parent), {}, freezer=parent)
    assert set(hierarchy.members(scope / "lambdad-server")) == {str(os.getppid()), str(os.getpid())}
    assert hierarchy.members(scope) == []


def test_what_started_the_server_moves_with_it(tmp_path: Path, look: Look) -> None:
    hierarchy = of_user(tmp_path, delegated=True, others=("4001", "4002"))
    assert look(hierarchy, SCOPE).version == 2
    scope = hierarchy.root / SCOPE.strip("/")
    assert {"4001", "4002"} < set(hierarchy.members(scope / "lambdad-server"))


def test_a_launcher_that_is_started_again_finds_the_same_groups(tmp_path: Path, look: Look) -> None:
    hierarchy = of_user(tmp_path, delegated=True)
    assert look(hierarchy, SCOPE) == look(hierarchy, f"{SCOPE}/lambdad-server")


def test_without_delegation_nothing_is_limited_and_every_controller_says_why(
    tmp_path: Path, look: Look
) -> None:
    found = look(of_user(tmp_path, delegated=False), SCOPE)
    assert (found.version, found.parents) == (0, {})
    assert set(found.problems) == {"memory", "cpu", "pids"}
    assert all("no delegated control group: " in why for why in found.problems.values())
    assert all("Permission denied" in why for why in found.problems.values())


def test_a_controller_that_was_not_passed_down_is_named(tmp_path: Path, look: Look) -> None:
    found = look(of_user(tmp_path, delegated=True, offered="memory pids"), SCOPE)
    assert (found.version, set(found.parents)) == (2, {"memory", "pids"})
    assert found.problems == {"cpu": "not delegated to this user"}


def test_in_a_container_its_processes_go_one_group_down(tmp_path: Path, look: Look) -> None:
    hierarchy = Hierarchy(root_of(tmp_path), processes=("1", "20", "21"))
    found = look(hierarchy, "/")
    assert found.parents == dict.fromkeys(("memory", "cpu", "pids"), str(hierarchy.root / "lambdad-id"))
    assert hierarchy.members(hierarchy.root / "lambdad-server") == ["1", "20", "21"]


def test_a_hybrid_host_s_controllers_are_not_looked_for_in_version_2_but_it_freezes(
    tmp_path: Path, look: Look
) -> None:
    hierarchy = Hierarchy(root_of(tmp_path), controllers=())
    found = look(hierarchy, "/")
    missing = dict.fromkeys(("memory", "cpu", "pids"), "the kernel offers no such controller here")
    assert found == Found(0, {}, missing, freezer=str(hierarchy.root / "lambdad-id"))


def test_on_a_hybrid_host_a_user_s_groups_to_freeze_by_are_where_delegated(
    tmp_path: Path, look: Look
) -> None:
    hierarchy = of_user(tmp_path, delegated=True, offered="")
    for file in hierarchy.root.rglob("cgroup.controllers"):
        file.write_text("")
    scope = hierarchy.root / SCOPE.strip("/")
    assert look(hierarchy, SCOPE).freezer == str(scope / "lambdad-id")
    assert look(hierarchy, f"{SCOPE}/lambdad-server").freezer == str(scope / "lambdad-id")


def test_without_delegation_there_is_no_group_to_freeze_by(tmp_path: Path, look: Look) -> None:
    assert look(of_user(tmp_path, delegated=False), SCOPE).freezer is None


def test_a_sandbox_is_born_into_the_group_it_is_frozen_by_and_nothing_of_it_stays(
    tmp_path: Path, look: Look
) -> None:
    hierarchy = Hierarchy(root_of(tmp_path), controllers=())
    groups = Groups(look(hierarchy, "/"))
    keys = groups.make("one", Wanted(256 * MIB, 77))
    group = hierarchy.root / "lambdad-id" / "one"
    assert keys.born_into is not None
    assert os.fstat(keys.born_into).st_ino == group.stat().st_ino
    os.close(keys.born_into)
    assert groups.freeze_file("one") == str(group / "cgroup.freeze")
    assert groups.remove("one")
    groups.close()
    assert not (hierarchy.root / "lambdad-id").exists()


def test_a_group_that_does_not_freeze_is_given_up_and_removed(tmp_path: Path, look: Look) -> None:
    hierarchy = Hierarchy(root_of(tmp_path), controllers=())
    groups = Groups(look(hierarchy, "/"))
    groups.give_up_freezer()
    assert groups.freeze_file("one") is None
    assert groups.make("one", Wanted(256 * MIB, 77)).descriptors == []
    assert not (hierarchy.root / "lambdad-id").exists()


def test_a_group_that_limits_stays_when_it_does_not_freeze(tmp_path: Path, look: Look) -> None:
    hierarchy = Hierarchy(root_of(tmp_path))
    groups = Groups(look(hierarchy, "/"))
    groups.give_up_freezer()
    assert (hierarchy.root / "lambdad-id").exists()
    assert groups.directories == [str(hierarchy.root / "lambdad-id")]


def made(look: Look, hierarchy: Hierarchy) -> tuple[Groups, Path, LimitFiles]:
    """A sandbox's group of 256 MiB and 77 processes."""
    found = look(hierarchy, "/")
    groups = Groups(found)
    key = groups.make("one", Wanted(256 * MIB, 77)).born_into
    assert key is not None
    group = hierarchy.root / "lambdad-id" / "one"
    assert os.fstat(key).st_ino == group.stat().st_ino  # to be born into
    os.close(key)
    return (
        groups,
        group,
        LimitFiles(found.version, {name: f"{parent}/one" for name, parent in found.parents.items()}),
    )


def test_a_sandbox_s_limits_leave_room_for_its_reaper_and_allow_no_swap(tmp_path: Path, look: Look) -> None:
    _, group, _ = made(look, Hierarchy(root_of(tmp_path)))
    texts = {
        name: (group / name).read_text().strip() for name in ("memory.max", "memory.swap.max", "pids.max")
    }
    assert texts == {"memory.max": str(260 * MIB), "memory.swap.max": "0", "pids.max": "78"}


def test_init_runs_at_low_weight_without_a_quota_and_events_with_one(tmp_path: Path, look: Look) -> None:
    _, group, files = made(look, Hierarchy(root_of(tmp_path)))
    assert (group / "cpu.max").read_text() == "max 100000\n"
    assert (group / "cpu.weight").read_text() == "10\n"
    files.apply_cpu_quota(0.5)
    assert (group / "cpu.max").read_text().startswith("50000 100000")
    assert (group / "cpu.weight").read_text().startswith("50")


def test_the_peak_and_the_kills_are_read_from_the_same_group(tmp_path: Path, look: Look) -> None:
    _, group, files = made(look, Hierarchy(root_of(tmp_path)))
    (group / "memory.peak").write_text("4096\n")
    (group / "memory.events").write_text("oom 1\noom_kill 2\n")
    assert (files.peak_memory_bytes(), files.oom_kills()) == (4096, 2)


def test_a_group_goes_once_its_processes_have_and_the_parent_with_the_server(
    tmp_path: Path, look: Look
) -> None:
    hierarchy = Hierarchy(root_of(tmp_path))
    groups, group, _ = made(look, hierarchy)
    (group / "cgroup.procs").write_text("99\n")
    assert not groups.remove("one")
    (group / "cgroup.procs").write_text("")
    assert groups.remove("one")
    groups.close()
    assert not (hierarchy.root / "lambdad-id").exists()


def test_swap_that_the_kernel_does_not_account_is_no_reason_to_fail(
    tmp_path: Path, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = {name: text for name, text in FILES["memory"].items() if name != "memory.swap.max"}
    monkeypatch.setitem(FILES, "memory", without)
    _, group, _ = made(look, Hierarchy(root_of(tmp_path)))
    assert (group / "memory.max").exists()
    assert not (group / "memory.swap.max").exists()
