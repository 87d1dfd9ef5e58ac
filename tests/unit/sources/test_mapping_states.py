"""Every pair of a state and a change is decided."""

from __future__ import annotations

import pytest

from lambdad.domain.errors import ResourceInUse
from lambdad.domain.mapping_states import (
    SETTLED,
    TABLE,
    Change,
    MappingState,
    Settling,
    change_of,
    first_state,
    move,
)

S, C = MappingState, Change
MOVES = {
    (S.CREATING, C.SETTLE): S.ENABLED,
    (S.ENABLING, C.SETTLE): S.ENABLED,
    (S.UPDATING, C.SETTLE): S.ENABLED,
    (S.DISABLING, C.SETTLE): S.DISABLED,
    (S.DELETING, C.SETTLE): None,
    (S.ENABLED, C.UPDATE): S.UPDATING,
    (S.ENABLED, C.ENABLE): S.UPDATING,
    (S.ENABLED, C.DISABLE): S.DISABLING,
    (S.ENABLED, C.DELETE): S.DELETING,
    (S.DISABLED, C.UPDATE): S.DISABLED,
    (S.DISABLED, C.ENABLE): S.ENABLING,
    (S.DISABLED, C.DISABLE): S.DISABLED,
    (S.DISABLED, C.DELETE): S.DELETING,
}


@pytest.mark.parametrize("state", MappingState)
@pytest.mark.parametrize("change", Change)
def test_every_pair_is_decided(state: MappingState, change: Change):
    if (state, change) in MOVES:
        assert move(state, change) is MOVES[state, change]
    else:
        with pytest.raises(Settling if change is C.SETTLE else ResourceInUse):
            move(state, change)


def test_the_table_has_every_state_and_settles_what_is_under_way():
    assert set(TABLE) == set(MappingState)
    assert {state for state in MappingState if C.SETTLE not in TABLE[state]} == SETTLED


def test_what_shall_not_be_polled_begins_disabled():
    assert first_state(is_polled=True) is S.CREATING
    assert first_state(is_polled=False) is S.DISABLED


@pytest.mark.parametrize(
    ("was", "is_now", "change"),
    [
        (True, True, C.UPDATE),
        (False, False, C.UPDATE),
        (False, True, C.ENABLE),
        (True, False, C.DISABLE),
    ],
)
def test_an_update_is_what_it_does_to_polling(was: bool, is_now: bool, change: Change):
    assert change_of(was_polled=was, is_polled=is_now) is change
