"""Which interpreter of a host is chosen, and how often it is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdad.worker.runtimes.identifiers import BY_NAME
from lambdad.worker.runtimes.interpreters import Interpreters

PYTHON = BY_NAME["python3.13"]
NODE = BY_NAME["nodejs22.x"]


def interpreter(path: Path, version: str) -> Path:
    """A program that answers like an interpreter and counts how often it was asked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\necho asked >> "$0.asked"\necho {version}\necho {path.parent.parent}\n')
    path.chmod(0o755)
    return path


def asked(path: Path) -> int:
    count = path.with_name(path.name + ".asked")
    return len(count.read_text().splitlines()) if count.exists() else 0


def find(tmp_path: Path, runtime: object = PYTHON, **environ: str) -> Path | None:
    env = {"HOME": str(tmp_path / "home"), "PATH": "", **environ}
    found = Interpreters((tmp_path / "own",), None, env).find(runtime)
    return found.binary if found else None


def test_a_host_without_the_interpreter_has_none(tmp_path: Path) -> None:
    assert find(tmp_path) is None


def test_path_is_searched(tmp_path: Path) -> None:
    binary = interpreter(tmp_path / "bin" / "python3.13", "3.13.2")
    assert find(tmp_path, PATH=str(tmp_path / "bin")) == binary


def test_a_link_is_followed_to_the_real_binary(tmp_path: Path) -> None:
    binary = interpreter(tmp_path / "real" / "bin" / "python3.13", "3.13.2")
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "python3.13").symlink_to(binary)
    assert find(tmp_path, PATH=str(tmp_path / "venv")) == binary


def test_shims_are_not_used(tmp_path: Path) -> None:
    interpreter(tmp_path / "pyenv" / "shims" / "python3.13", "3.13.2")
    assert find(tmp_path, PATH=str(tmp_path / "pyenv" / "shims")) is None


def test_the_newest_of_pyenv_wins_by_number_not_by_letter(tmp_path: Path) -> None:
    versions = tmp_path / "pyenv" / "versions"
    interpreter(versions / "3.13.9" / "bin" / "python3.13", "3.13.9")
    newest = interpreter(versions / "3.13.10" / "bin" / "python3.13", "3.13.10")
    assert find(tmp_path, PYENV_ROOT=str(tmp_path / "pyenv")) == newest


def test_lambdads_own_install_comes_before_everything(tmp_path: Path) -> None:
    own = interpreter(tmp_path / "own" / "nodejs22.x" / "bin" / "node", "22.20.0")
    interpreter(tmp_path / "bin" / "node", "22.21.0")
    assert find(tmp_path, NODE, PATH=str(tmp_path / "bin")) == own


def test_uv_places_are_searched(tmp_path: Path) -> None:
    place = tmp_path / "home" / ".local" / "share" / "uv" / "python"
    binary = interpreter(place / "cpython-3.13.1-linux-x86_64-gnu" / "bin" / "python3.13", "3.13.1")
    assert find(tmp_path) == binary


@pytest.mark.parametrize("version", ["20.20.2", "220.1.0", "2.2.0"])
def test_a_node_of_another_line_is_not_taken(tmp_path: Path, version: str) -> None:
    interpreter(tmp_path / "bin" / "node", version)
    assert find(tmp_path, NODE, PATH=str(tmp_path / "bin")) is None


def test_a_program_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    broken = interpreter(tmp_path / "a" / "python3.13", "3.13.1")
    broken.write_text("#!/bin/sh\nexit 1\n")
    good = interpreter(tmp_path / "b" / "python3.13", "3.13.1")
    assert find(tmp_path, PATH=f"{tmp_path / 'a'}:{tmp_path / 'b'}") == good


def test_a_version_is_remembered_between_runs_until_the_file_changes(tmp_path: Path) -> None:
    memory = tmp_path / "memory.json"
    env = {"HOME": str(tmp_path), "PATH": str(tmp_path / "bin")}
    binary = interpreter(tmp_path / "bin" / "python3.13", "3.13.1")
    for _ in range(3):
        found = Interpreters((), memory, env).find(PYTHON)
        assert found is not None
        assert found.version == "3.13.1"
    assert asked(binary) == 1
    interpreter(binary, "3.13.22")
    found = Interpreters((), memory, env).find(PYTHON)
    assert found is not None
    assert found.version == "3.13.22"


@pytest.mark.parametrize("content", ["", "[]", '{"/x": 3}', "not json"])
def test_a_broken_memory_is_as_good_as_none(tmp_path: Path, content: str) -> None:
    memory = tmp_path / "memory.json"
    memory.write_text(content)
    interpreter(tmp_path / "bin" / "python3.13", "3.13.1")
    env = {"HOME": str(tmp_path), "PATH": str(tmp_path / "bin")}
    assert Interpreters((), memory, env).find(PYTHON) is not None
