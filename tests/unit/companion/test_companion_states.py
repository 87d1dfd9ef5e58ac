"""The life of the companion's process as a table."""

from __future__ import annotations

import itertools

import pytest

from lambdad.neighbours.companion.states import NEXT, State, move, pause_s


@pytest.mark.parametrize(("now", "then"), list(itertools.product(State, State)))
def test_every_pair_of_states_is_decided_by_the_table(now: State, then: State) -> None:
    if then in NEXT[now]:
        assert move(now, then) is then
    else:
        with pytest.raises(ValueError, match=f"become {then} while it is {now}"):
            move(now, then)


def test_from_every_state_it_can_be_stopped_and_nothing_follows_on_that() -> None:
    assert all(State.STOPPED in NEXT[state] for state in State if state is not State.STOPPED)
    assert not NEXT[State.STOPPED]


def test_the_first_start_after_an_end_does_not_wait_and_later_ones_wait_longer_up_to_a_bound() -> None:
    pauses = [pause_s(failures) for failures in range(1, 20)]
    assert pauses[0] == 0
    assert pauses == sorted(pauses)
    assert pauses[-1] == 30
