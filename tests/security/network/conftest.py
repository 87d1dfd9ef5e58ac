from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from world import Launcher, Way, World, make_world


@pytest.fixture
def world() -> Iterator[World]:
    with make_world() as made:
        yield made


def _opened(world: World, kind: str | None, *prefix: str) -> Launcher:
    launcher = world.launcher(*prefix)
    answer = launcher.tell("open", kind)
    assert answer == (kind or "veth"), answer
    return launcher


@pytest.fixture(scope="module", params=["root", "root with pasta", "user namespace"])
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    """Each way of making links, in a world of its own that holds for all tests of a file."""
    with make_world() as world:
        if request.param == "root":
            yield Way(world, _opened(world, None), ())
        elif request.param == "root with pasta":
            yield Way(world, _opened(world, "pasta"), ())
        else:
            launcher = world.launcher("unshare", "--user", "--map-root-user")
            assert launcher.tell("open", None) == "pasta"  # no right over the host's network: pasta by itself
            enter = ("nsenter", "--user", "--target", str(launcher.process.pid), "--preserve-credentials")
            yield Way(world, launcher, enter)
