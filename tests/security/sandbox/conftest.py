from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lambdad.worker.sandbox.plan import Tier

sys.path.insert(0, str(Path(__file__).parent))

from hosting import Host, hosts


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    yield from hosts(tmp_path_factory, Tier.NAMESPACE)


@pytest.fixture(scope="module")
def process_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    yield from hosts(tmp_path_factory, Tier.PROCESS)
