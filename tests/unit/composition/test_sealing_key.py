"""Where the key that secrets are sealed with comes from."""

from __future__ import annotations

import asyncio
import stat
import sys
from pathlib import Path

import pytest

from lambdad.composition.sealing_key import KeyRefused, sealing_key
from lambdad.storage.data_dir import DataDir
from lambdad.storage.files.key_file import KEY_FILE, read_key, write_key
from lambdad.storage.refusal import StorageRefused


def key(path: Path, command: str | None = None, *, is_new: bool = True, in_memory: bool = False) -> bytes:
    return asyncio.run(sealing_key(DataDir(path, in_memory), command, is_new=is_new))


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path):
    made = key(tmp_path)
    assert len(made) >= 32
    assert key(tmp_path, is_new=False) == made
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


def test_a_server_that_keeps_nothing_keeps_no_key(tmp_path: Path):
    assert key(tmp_path, in_memory=True) != key(tmp_path, in_memory=True)
    assert list(tmp_path.iterdir()) == []


def test_a_lost_key_is_not_made_anew_while_something_is_sealed_with_it(tmp_path: Path):
    with pytest.raises(KeyRefused, match="put back the file"):
        key(tmp_path, is_new=False)
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_others_may_read_is_refused(tmp_path: Path):
    key(tmp_path)
    (tmp_path / KEY_FILE).chmod(0o640)
    with pytest.raises(StorageRefused, match="chmod 600"):
        key(tmp_path)


@pytest.mark.parametrize("content", ["", "short\n"])
def test_a_file_without_a_key_is_refused(tmp_path: Path, content: str):
    path = tmp_path / KEY_FILE
    path.touch(0o600)
    path.write_text(content)
    with pytest.raises(StorageRefused, match="holds no key"):
        key(tmp_path)


def test_a_key_file_is_never_replaced_nor_followed_elsewhere(tmp_path: Path):
    made = write_key(tmp_path / KEY_FILE)
    with pytest.raises(StorageRefused):
        write_key(tmp_path / KEY_FILE)
    assert read_key(tmp_path / KEY_FILE) == made
    (tmp_path / "link").symlink_to(tmp_path / KEY_FILE)
    with pytest.raises(StorageRefused):
        read_key(tmp_path / "link")


def test_a_command_prints_the_key_and_nothing_is_kept(tmp_path: Path):
    assert key(tmp_path, f"{sys.executable} -c 'print(\"k\" * 40)'", is_new=False) == b"k" * 40
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("print('short')", "less than 32"),
        ("print('k' * 40); raise SystemExit(3)", "status 3"),
        ("import sys; sys.stdout.write('k' * 10_000_000)", "more than 4096"),
    ],
)
def test_a_command_that_gives_no_key(tmp_path: Path, program: str, said: str):
    with pytest.raises(KeyRefused, match=said):
        key(tmp_path, f'{sys.executable} -c "{program}"')


@pytest.mark.parametrize("command", ["/nowhere/to/be/found", "'unbalanced", " "])
def test_a_command_that_cannot_be_run(tmp_path: Path, command: str):
    with pytest.raises(KeyRefused, match="cannot be run"):
        key(tmp_path, command)
