"""Descriptors are shared out so that nobody's connections can take another's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lambdad.domain.limits import MIB
from lambdad.placement.sharing import (
    DESCRIPTORS_OF_SERVER,
    DESCRIPTORS_PER_ENVIRONMENT,
    capacity,
    descriptors_needed,
    memory_ceiling_bytes,
)
from lambdad.settings import Settings


@given(descriptors=st.integers(1_024, 2**21))
def test_all_parts_together_fit(descriptors: int) -> None:
    found = capacity(Settings(), descriptors)
    held = found.environments * DESCRIPTORS_PER_ENVIRONMENT + found.shared_connections + found.clients
    assert DESCRIPTORS_OF_SERVER + held <= descriptors
    assert 1 <= found.environments <= 1_000
    assert found.shared_connections >= 60, "one environment can have all it may"


@given(wish=st.integers(1, 5_000))
def test_what_is_said_to_be_needed_is_enough(wish: int) -> None:
    found = capacity(Settings(max_environments=wish), descriptors_needed(wish))
    assert found.environments == wish
    assert found.shared_connections >= 60


def test_twenty_thousand_descriptors_carry_a_thousand_environments() -> None:
    assert capacity(Settings(), 20_000).environments == 1_000


def test_a_number_that_is_set_is_not_doubted() -> None:
    assert capacity(Settings(max_environments=5_000), 1_024).environments == 5_000


def test_the_memory_ceiling_is_a_share_unless_set() -> None:
    assert memory_ceiling_bytes(Settings(), 1_000 * MIB) == 800 * MIB
    assert memory_ceiling_bytes(Settings(memory_ceiling_mib=300), 1_000 * MIB) == 300 * MIB
