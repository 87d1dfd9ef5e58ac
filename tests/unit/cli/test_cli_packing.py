"""A folder as an archive: the same contents give the same bytes."""

import io
import os
import stat
import zipfile

import pytest

from lambdad.cli import packing
from lambdad.cli.errors import CommandError


def staged(tmp_path, source):
    into = tmp_path / "staged"
    into.mkdir(exist_ok=True)
    packing.stage(source, into)
    return into


def tree(tmp_path, name="source"):
    source = tmp_path / name
    (source / "lib").mkdir(parents=True)
    (source / "app.py").write_text("x = 1\n")
    (source / "lib" / "more.py").write_text("y = 2\n")
    return source


def test_the_same_contents_give_the_same_bytes_whatever_the_times_and_modes(tmp_path):
    one, other = tree(tmp_path, "one"), tree(tmp_path, "other")
    os.utime(other / "app.py", (1, 1))
    (other / "app.py").chmod(0o600)
    assert packing.pack(one) == packing.pack(other)


def test_different_contents_give_different_bytes(tmp_path):
    one, other = tree(tmp_path, "one"), tree(tmp_path, "other")
    (other / "app.py").write_text("x = 2\n")
    assert packing.pack(one) != packing.pack(other)


def test_what_never_belongs_to_a_function_is_left_out(tmp_path):
    source = tree(tmp_path)
    for unwanted in (".git/config", "__pycache__/app.pyc", ".venv/bin/python", "lib/old.pyc", ".DS_Store"):
        (source / unwanted).parent.mkdir(parents=True, exist_ok=True)
        (source / unwanted).write_text("")
    (source / "node_modules" / "x").mkdir(parents=True)
    (source / "node_modules" / "x" / "index.js").write_text("")
    archive = zipfile.ZipFile(io.BytesIO(packing.pack(staged(tmp_path, source))))
    assert archive.namelist() == ["app.py", "lib/more.py", "node_modules/x/index.js"]


def test_a_program_stays_executable_and_everything_is_readable(tmp_path):
    source = tree(tmp_path)
    (source / "bootstrap").write_text("#!/bin/sh\n")
    (source / "bootstrap").chmod(0o700)
    archive = zipfile.ZipFile(io.BytesIO(packing.pack(staged(tmp_path, source))))
    modes = {entry.filename: stat.S_IMODE(entry.external_attr >> 16) for entry in archive.infolist()}
    assert modes == {"app.py": 0o644, "bootstrap": 0o755, "lib/more.py": 0o644}


def test_links_within_the_tree_stay_links(tmp_path):
    source = tree(tmp_path)
    (source / "same.py").symlink_to("app.py")
    (source / "absolute.py").symlink_to(source / "lib" / "more.py")
    (source / "folder").symlink_to("lib")
    archive = zipfile.ZipFile(io.BytesIO(packing.pack(staged(tmp_path, source))))
    links = {
        entry.filename: archive.read(entry).decode()
        for entry in archive.infolist()
        if stat.S_ISLNK(entry.external_attr >> 16)
    }
    assert links == {"absolute.py": "lib/more.py", "folder": "lib", "same.py": "app.py"}


def test_a_link_out_of_the_tree_is_refused(tmp_path):
    source = tree(tmp_path)
    (source / "passwd").symlink_to("/etc/passwd")
    with pytest.raises(CommandError, match="leads out of"):
        staged(tmp_path, source)


def test_an_empty_folder_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(CommandError, match="nothing to deploy"):
        staged(tmp_path, tmp_path / "empty")
