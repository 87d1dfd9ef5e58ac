"""Where `/tmp` cannot lie on disk it lies in memory, and the reason is told with a remedy."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from lambdad.worker.sandbox.launcher.tmp import opening
from lambdad.worker.sandbox.launcher.tmp.image import Image, Unavailable
from lambdad.worker.sandbox.launcher.tmp.places import Tmp


def refuse(failure: Exception) -> object:
    def open_image(_directory: str, _place: str) -> Image:
        raise failure

    return open_image


def test_an_ordinary_user_s_lies_in_memory(tmp_path: Path) -> None:
    tmp, fact = opening.open_tmp(str(tmp_path), str(tmp_path), privileged=False)
    assert (fact["works"], fact["remedy"]) == (False, "run lambdad as root")
    assert "counts as the function's memory" in fact["detail"]
    assert not tmp.is_on_disk


@pytest.mark.parametrize(
    ("failure", "detail", "remedy"),
    [
        (Unavailable("mkfs.btrfs is not installed", "install it"), "not installed", "install it"),
        (OSError(errno.ENOENT, "No such file", "/dev/loop-control"), "/dev/loop-control", "/dev/loop*"),
    ],
)
def test_a_host_without_an_image_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception, detail: str, remedy: str
) -> None:
    monkeypatch.setattr(opening, "open_image", refuse(failure))
    tmp, fact = opening.open_tmp(str(tmp_path), str(tmp_path), privileged=True)
    assert not fact["works"]
    assert detail in fact["detail"]
    assert remedy in fact["remedy"]
    assert tmp.make("one", (1, 1), 1 << 20) is None


def test_a_data_directory_in_memory_is_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "mkfs.btrfs"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    _, fact = opening.open_tmp("/dev/shm", str(tmp_path), privileged=True)
    assert "lies in memory itself (tmpfs)" in fact["detail"]


def test_a_program_that_makes_no_file_system_is_told_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, data = tmp_path / "mkfs.btrfs", tmp_path / "data"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    data.mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("lambdad.worker.sandbox.launcher.tmp.image.STEP_BYTES", 1 << 20)
    monkeypatch.setattr("lambdad.worker.sandbox.launcher.tmp.image._LEFT_BYTES", 0)
    monkeypatch.setattr("lambdad.worker.sandbox.launcher.tmp.image._LEFT_SHARE", 1 << 60)
    _, fact = opening.open_tmp(str(data), str(data), privileged=True)
    assert "failed (3)" in fact["detail"]
    assert os.listdir(data) == []


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "mkfs.btrfs"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("lambdad.worker.sandbox.launcher.tmp.image._LEFT_BYTES", 1 << 60)
    _, fact = opening.open_tmp(str(tmp_path), str(tmp_path), privileged=True)
    assert "is full" in fact["detail"]
    assert "free" in fact["remedy"]


def test_one_that_lies_in_memory_takes_no_limit_from_outside_and_needs_no_removal() -> None:
    tmp = Tmp(None, "why")
    assert not tmp.limit("one", 1 << 20)
    tmp.remove("one")
    tmp.close()
    assert tmp.why == "why"


def test_a_broken_image_gives_one_sandbox_a_tmpfs_and_says_why(tmp_path: Path) -> None:
    root, file = os.open(tmp_path, os.O_RDONLY), os.open(tmp_path / "file", os.O_CREAT | os.O_RDWR)
    tmp = Tmp(Image(root, file, "/dev/null"))
    try:
        assert tmp.make("one", (1, 1), 1 << 20) is None
        assert tmp.is_on_disk
        assert "Inappropriate ioctl" in tmp.why
        assert not tmp.limit("one", 1 << 20)
    finally:
        tmp.close()
