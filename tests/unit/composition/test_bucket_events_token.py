"""Where the token of the webhook comes from."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from lambdad.composition.notifying_buckets import webhook_token
from lambdad.storage.data_dir import DataDir
from lambdad.storage.files.key_file import TOKEN_FILE
from lambdad.storage.refusal import StorageRefused


def token(path: Path, *, in_memory: bool = False) -> str:
    return webhook_token(DataDir(path, in_memory))


def write(path: Path, content: bytes, mode: int = 0o600) -> None:
    (path / TOKEN_FILE).write_bytes(content)
    (path / TOKEN_FILE).chmod(mode)


def test_a_token_is_made_once_for_its_owner_alone(tmp_path: Path):
    made = token(tmp_path)
    assert len(made) == 64
    assert token(tmp_path) == made
    assert stat.S_IMODE((tmp_path / TOKEN_FILE).stat().st_mode) == 0o600


def test_a_server_that_keeps_nothing_keeps_no_token(tmp_path: Path):
    assert token(tmp_path, in_memory=True) != token(tmp_path, in_memory=True)
    assert list(tmp_path.iterdir()) == []


def test_a_token_may_be_chosen(tmp_path: Path):
    write(tmp_path, b"my-own_token-of-thirty-two-letters\n")
    assert token(tmp_path) == "my-own_token-of-thirty-two-letters"


@pytest.mark.parametrize(
    "content", [b"", b"short", b"x" * 40 + b"/../" + b"x" * 40, b"\xff" * 40, b"x" * 300]
)
def test_what_no_path_may_end_in_is_refused(tmp_path: Path, content: bytes):
    write(tmp_path, content)
    with pytest.raises(StorageRefused):
        token(tmp_path)


def test_a_token_that_others_may_read_is_refused(tmp_path: Path):
    write(tmp_path, b"t" * 40, 0o644)
    with pytest.raises(StorageRefused, match="chmod 600"):
        token(tmp_path)
