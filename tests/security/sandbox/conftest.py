from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lambdad.worker.sandbox import helper
from lambdad.worker.sandbox.plan import Tier

sys.path.insert(0, str(Path(__file__).parent))

from blank_hosting import BlankHost, blank_hosts
from hosting import Host, hosts


@pytest.fixture(scope="module")
def spawned_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Sandboxes are made with their function, programs are executed."""
    yield from hosts(tmp_path_factory, Tier.NAMESPACE)


@pytest.fixture(scope="module")
def blank_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BlankHost]:
    """Sandboxes are made for nobody, Python programs are forked."""
    yield from blank_hosts(tmp_path_factory)


@pytest.fixture(scope="module", params=["spawned_host", "blank_host"])
def host(request: pytest.FixtureRequest) -> Host:
    """Both ways of the namespace tier."""
    found: Host = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def process_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    yield from hosts(tmp_path_factory, Tier.PROCESS)


_NO_GROUP_FREEZES = (
    "import sys; from lambdad.worker.sandbox.launcher import hierarchies; "
    "hierarchies._find_freezer = lambda *_: None; "
)


@pytest.fixture(scope="module")
def signalling_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """The namespace tier on a host where no control group can be made to freeze by."""
    with pytest.MonkeyPatch.context() as patch:
        path, main = helper._BOOT.split("from lambdad", 1)
        patch.setattr(helper, "_BOOT", f"{path}{_NO_GROUP_FREEZES}from lambdad{main}")
        yield from hosts(tmp_path_factory, Tier.NAMESPACE)


@pytest.fixture(
    params=[
        pytest.param("spawned_host", marks=pytest.mark.root),
        pytest.param("blank_host", marks=pytest.mark.root),
        pytest.param("signalling_host", marks=pytest.mark.root),
        "process_host",
    ]
)
def any_host(request: pytest.FixtureRequest) -> Host:
    """Every way a sandbox can be made and frozen in."""
    found: Host = request.getfixturevalue(request.param)
    return found
