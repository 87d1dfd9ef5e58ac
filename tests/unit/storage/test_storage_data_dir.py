"""The data directory: one owner, one format, nothing of a stranger's touched."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lambdad.storage.data_dir import FORMAT, MEMORY, open_data_dir, reset
from lambdad.storage.refusal import StorageRefused

HOLDER = """
import sys
from lambdad.storage.data_dir import open_data_dir
with open_data_dir(sys.argv[1]) as data_dir:
    (data_dir.code / "kept").write_text("x")
    print(data_dir.path, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system temporary directory of the test's own."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def hold() -> Iterator[object]:
    """Start processes that hold a data directory; they end with the test."""
    processes: list[subprocess.Popen[str]] = []

    def start(directory: Path | str) -> tuple[subprocess.Popen[str], Path]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout is not None
        return process, Path(process.stdout.readline().strip())

    yield start
    for process in processes:
        process.communicate()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_directory_is_made_private_with_everything_in_its_place(tmp_path: Path) -> None:
    with open_data_dir(tmp_path / "deep" / "data") as data_dir:
        assert data_dir.path == tmp_path / "deep" / "data"
        assert mode(data_dir.path) == 0o700
        assert (data_dir.path / "format").read_text() == f"{FORMAT}\n"
        assert data_dir.code.is_dir()
        assert data_dir.run.is_dir()
        assert data_dir.catalogue == data_dir.path / "catalogue.db"
        assert not data_dir.in_memory


def test_a_directory_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with open_data_dir(tmp_path):
        assert mode(tmp_path) == 0o700


def test_what_was_kept_is_there_again_and_what_ran_is_not(tmp_path: Path) -> None:
    with open_data_dir(tmp_path / "d") as data_dir:
        (data_dir.code / "a").write_text("kept")
        (data_dir.run / "socket").write_text("gone")
    with open_data_dir(tmp_path / "d") as data_dir:
        assert (data_dir.code / "a").read_text() == "kept"
        assert list(data_dir.run.iterdir()) == []


def test_a_second_server_is_refused_in_one_line_with_pid_and_directory(tmp_path: Path, hold) -> None:
    process, _ = hold(tmp_path / "d")
    with pytest.raises(StorageRefused) as refusal, open_data_dir(tmp_path / "d"):
        pass
    assert str(refusal.value) == (
        f"data directory {tmp_path / 'd'} is in use by the lambdad server with process id {process.pid}"
    )
    with pytest.raises(StorageRefused, match="in use"):
        reset(tmp_path / "d")
    assert (tmp_path / "d" / "code" / "kept").exists()


def test_the_directory_of_a_killed_server_is_free_again(tmp_path: Path, hold) -> None:
    process, _ = hold(tmp_path / "d")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with open_data_dir(tmp_path / "d") as data_dir:
        assert (data_dir.code / "kept").exists()


def test_looking_without_the_lock_works_beside_a_server(tmp_path: Path, hold) -> None:
    hold(tmp_path / "d")
    with open_data_dir(tmp_path / "d", lock=False) as data_dir:
        assert (data_dir.code / "kept").exists()


def test_looking_at_what_is_not_there_makes_nothing(tmp_path: Path) -> None:
    with (
        pytest.raises(StorageRefused, match="is not a lambdad data directory"),
        open_data_dir(tmp_path / "d", lock=False),
    ):
        pass
    assert not (tmp_path / "d").exists()


def test_a_newer_format_is_refused_in_one_line(tmp_path: Path) -> None:
    with open_data_dir(tmp_path):
        pass
    (tmp_path / "format").write_text("99\n")
    with pytest.raises(StorageRefused) as refusal, open_data_dir(tmp_path):
        pass
    assert str(refusal.value) == (
        f"{tmp_path}: format 99 is newer than this lambdad knows ({FORMAT}); use the lambdad that wrote it"
    )


def test_a_broken_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "format").write_text("soup")
    with pytest.raises(StorageRefused, match="its format 'soup' is not a number"), open_data_dir(tmp_path):
        pass


@pytest.mark.parametrize("use", [lambda path: open_data_dir(path).__enter__(), reset])
def test_a_strangers_directory_is_refused_and_left_alone(tmp_path: Path, use) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    tmp_path.chmod(0o755)
    with pytest.raises(StorageRefused, match="is not a lambdad data directory"):
        use(tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.tex"]
    assert mode(tmp_path) == 0o755


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    with pytest.raises(StorageRefused, match="cannot be used"), open_data_dir(tmp_path / "f"):
        pass


def test_memory_keeps_nothing(temporary: Path) -> None:
    with open_data_dir(MEMORY) as data_dir:
        assert data_dir.in_memory
        assert data_dir.catalogue == MEMORY
        assert data_dir.path.parent == temporary
        assert mode(data_dir.path) == 0o700
        (data_dir.code / "a").write_text("x")
    assert list(temporary.iterdir()) == []


def test_memory_of_a_killed_server_goes_when_the_next_one_starts_and_that_of_a_living_one_stays(
    temporary: Path, hold
) -> None:
    killed, left = hold(MEMORY)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert left.parent == temporary
    _, alive = hold(MEMORY)
    with open_data_dir(MEMORY):
        assert not left.exists()
        assert (alive / "code" / "kept").exists()


def test_a_stranger_in_the_temporary_directory_stays(temporary: Path) -> None:
    stranger = temporary / "lambdad-memory-mine"
    stranger.mkdir()
    (stranger / "notes").write_text("")
    with open_data_dir(MEMORY):
        pass
    assert (stranger / "notes").exists()


def test_reset_empties_the_directory_even_of_read_only_trees(tmp_path: Path) -> None:
    with open_data_dir(tmp_path) as data_dir:
        tree = data_dir.code / "tree"
        tree.mkdir()
        (tree / "app.py").write_text("x")
        (tree / "out").symlink_to(tmp_path.parent)
        tree.chmod(0o555)
        data_dir.logs.write_text("")
    reset(tmp_path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["format", "lock"]
    assert tmp_path.parent.exists()
    with open_data_dir(tmp_path):
        pass
