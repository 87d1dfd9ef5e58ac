from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from world import Launcher, World, make_world


@pytest.fixture
def world() -> Iterator[World]:
    with make_world() as made:
        yield made


def _opened(world: World, kind: str | None, *prefix: str) -> Launcher:
    launcher = world.launcher(*prefix)
    answer = launcher.tell("open", kind)
    assert answer == (kind or "veth"), answer
    return launcher


@pytest.fixture(params=["root", "root with pasta", "user namespace"])
def way(request: pytest.FixtureRequest, world: World) -> tuple[Launcher, tuple[str, ...]]:
    """A launcher with its links open, and the words that put a sandbox into its user namespace."""
    if request.param == "root":
        return _opened(world, None), ()
    if request.param == "root with pasta":
        return _opened(world, "pasta"), ()
    launcher = world.launcher("unshare", "--user", "--map-root-user")
    assert launcher.tell("open", None) == "pasta"  # no right over the host's network: pasta by itself
    enter = ("nsenter", "--user", "--target", str(launcher.process.pid), "--preserve-credentials")
    return launcher, enter
