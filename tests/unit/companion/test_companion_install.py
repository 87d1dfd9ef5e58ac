"""Getting the companion onto the host, and what is said when that does not work."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from lambdad.neighbours.companion import install as installing
from lambdad.neighbours.companion.install import NotInstalled, install
from lambdad.neighbours.companion.places import Place, cache_dir, version


def pip_says(monkeypatch: pytest.MonkeyPatch, status: int, said: str) -> list[list[str]]:
    """No environment is made and nothing fetched: pip ends so."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, status, "", said)

    monkeypatch.setattr(installing.venv, "create", lambda *_, **__: None)
    monkeypatch.setattr(installing.subprocess, "run", run)
    return commands


def test_every_package_is_fetched_by_its_hash_and_only_once(monkeypatch: Any, tmp_path: Path) -> None:
    commands = pip_says(monkeypatch, 0, "")
    place, told = Place(tmp_path / "cache"), []
    install(place, told.append)
    assert "--require-hashes" in commands[0]
    assert place.is_installed
    assert told[-1] == f"the companion is installed: {place.path}"
    install(place, told.append)
    assert len(commands) == 1
    assert [each.name for each in place.path.parent.iterdir()] == [place.path.name]


def test_what_somebody_else_began_is_replaced(monkeypatch: Any, tmp_path: Path) -> None:
    pip_says(monkeypatch, 0, "")
    place = Place(tmp_path)
    (place.path / "half").mkdir(parents=True)
    install(place)
    assert place.is_installed
    assert not (place.path / "half").exists()


OFFLINE = """WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(...)': /simple/x/
ERROR: Could not find a version that satisfies the requirement ministack==1 (from versions: none)
ERROR: No matching distribution found for ministack==1
"""


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (OFFLINE, "the package index is not reachable from here"),
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES\nmore",
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES",
        ),
        ("", "pip failed"),
    ],
)
def test_what_pip_said_becomes_one_line(monkeypatch: Any, tmp_path: Path, said: str, expected: str) -> None:
    pip_says(monkeypatch, 1, said)
    with pytest.raises(NotInstalled) as refused:
        install(Place(tmp_path))
    assert expected in str(refused.value)
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotInstalled, match="file/cache cannot be written"):
        install(Place(tmp_path / "file" / "cache"))


def test_the_place_is_the_users_cache_and_named_by_what_is_pinned(tmp_path: Path) -> None:
    assert cache_dir({"XDG_CACHE_HOME": "/c"}) == Path("/c/lambdad")
    assert cache_dir({"XDG_CACHE_HOME": "relative", "HOME": "/h"}) == Path("/h/.cache/lambdad")
    assert Place(tmp_path).path.name.startswith("companion-")
    assert version().count(".") == 2
