"""What pytest gets: fixtures. Loaded by pytest itself; nothing starts before a test asks for it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from lambdad.testing import Account, LambdadServer

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def lambdad_options() -> Sequence[str]:
    """Options of `lambdad serve` for every server; define it again in a `conftest.py` to give some."""
    return ()


@pytest.fixture(scope="session")
def lambdad_server(lambdad_options: Sequence[str]) -> Iterator[LambdadServer]:
    """One server for the whole run (for each worker of pytest-xdist); see `lambdad_account`."""
    from lambdad.testing import start  # noqa: PLC0415 - a suite that does not use it pays nothing

    with start(lambdad_options) as server:
        yield server


@pytest.fixture
def lambdad_account(lambdad_server: LambdadServer) -> Iterator[Account]:
    """An account of the test's own on that server: nobody else's functions are in it."""
    account = lambdad_server.account(f"{next(_NUMBERS):012d}")
    yield account
    account.remove_functions()


@pytest.fixture
def lambdad_fresh_server(lambdad_options: Sequence[str]) -> Iterator[LambdadServer]:
    """A server of the test's own, which it may stop or reset; half a second."""
    from lambdad.testing import start  # noqa: PLC0415

    with start(lambdad_options) as server:
        yield server
