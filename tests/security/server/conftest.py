from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from ordinary_user import OrdinaryUser, ordinary_user


@pytest.fixture(scope="session")
def user() -> Iterator[OrdinaryUser]:
    """An ordinary user with lambdad installed; made once, for every file of this folder."""
    with ordinary_user() as made:
        yield made
