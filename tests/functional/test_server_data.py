"""Backup, restore and reset of what a server keeps."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from calling import ROOT, call, started

from tests.running import Server

LAMBDAD = ROOT / ".venv" / "bin" / "lambdad"
VALUE = "def handler(event, context):\n    print('said', {0})\n    return {0}\n"


def lambdad(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(LAMBDAD), *arguments], capture_output=True, text=True, timeout=60, check=False)


def done(*arguments: str) -> None:
    ran = lambdad(*arguments)
    assert ran.returncode == 0, ran.stderr


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server in which no sandbox waits: what is kept is not there."""
    with started(tmp_path / "data", "--no-pools") as server:
        yield server


@pytest.fixture
def two(own_server: Server) -> list[str]:
    """Two functions that were called."""
    names = [
        own_server.function({"app.py": VALUE.format(number)}, FunctionName=f"kept-{number}")
        for number in (1, 2)
    ]
    assert [call(own_server, name).body for name in names] == [1, 2]
    own_server.messages("kept-2", until="REPORT")
    return names


@pytest.mark.parametrize(
    "ending",
    [
        pytest.param("backup.tar", marks=pytest.mark.full),
        "backup.tar.gz",
        pytest.param("folder", marks=pytest.mark.full),
    ],
)
def test_a_backup_of_a_running_server_makes_another_with_the_same_functions(
    own_server: Server, two: list[str], tmp_path: Path, ending: str
) -> None:
    archive = tmp_path / ending
    done("backup", str(archive), "--data-dir", str(own_server.data_dir))
    own_server.client().delete_function(FunctionName="kept-1")
    done("restore", str(archive), "--data-dir", str(tmp_path / "restored"))
    with started(tmp_path / "restored", "--no-pools") as restored:
        assert [call(restored, name).body for name in two] == [1, 2]
        assert "said 2\n" in restored.messages("kept-2")
        before = own_server.client().get_function_configuration(FunctionName="kept-2")
        after = restored.client().get_function_configuration(FunctionName="kept-2")
        assert before["RevisionId"] == after["RevisionId"]
    assert call(own_server, "kept-2").body == 2


def test_a_backup_over_an_existing_file_is_refused(own_server: Server, tmp_path: Path) -> None:
    (tmp_path / "there.tar").write_bytes(b"mine")
    ran = lambdad("backup", str(tmp_path / "there.tar"), "--data-dir", str(own_server.data_dir))
    assert ran.returncode != 0
    assert len(ran.stderr.splitlines()) == 1
    assert (tmp_path / "there.tar").read_bytes() == b"mine"


@pytest.mark.full
def test_restore_and_reset_are_refused_while_the_server_runs(
    own_server: Server, two: list[str], tmp_path: Path
) -> None:
    archive = tmp_path / "backup.tar"
    done("backup", str(archive), "--data-dir", str(own_server.data_dir))
    for arguments in (("restore", str(archive), "--yes"), ("reset", "--yes")):
        ran = lambdad(*arguments, "--data-dir", str(own_server.data_dir))
        assert ran.returncode != 0
        assert str(own_server.process.pid) in ran.stderr
    assert [call(own_server, name).body for name in two] == [1, 2]


def test_a_restore_takes_the_place_of_what_was_there(
    own_server: Server, two: list[str], tmp_path: Path
) -> None:
    archive = tmp_path / "backup.tar"
    done("backup", str(archive), "--data-dir", str(own_server.data_dir))
    own_server.function({"app.py": VALUE.format(3)}, FunctionName="later")
    assert own_server.stop() == 0
    done("restore", str(archive), "--yes", "--data-dir", str(own_server.data_dir))
    with started(own_server.data_dir, "--no-pools") as again:
        found = [function["FunctionName"] for function in again.client().list_functions()["Functions"]]
        assert sorted(found) == two
        assert call(again, "kept-1").body == 1


def test_a_reset_forgets_everything(own_server: Server, two: list[str]) -> None:
    assert own_server.stop() == 0
    done("reset", "--yes", "--data-dir", str(own_server.data_dir))
    with started(own_server.data_dir, "--no-pools") as again:
        assert again.client().list_functions()["Functions"] == []
        assert again.client("logs").describe_log_groups()["logGroups"] == []


@pytest.mark.full
def test_something_that_is_no_backup_is_refused_and_costs_nothing(
    own_server: Server, two: list[str], tmp_path: Path
) -> None:
    assert own_server.stop() == 0
    (tmp_path / "no.tar").write_bytes(b"no tar")
    ran = lambdad("restore", str(tmp_path / "no.tar"), "--yes", "--data-dir", str(own_server.data_dir))
    assert ran.returncode != 0
    assert len(ran.stderr.splitlines()) == 1, ran.stderr
    with started(own_server.data_dir, "--no-pools") as again:
        assert [call(again, name).body for name in two] == [1, 2]
