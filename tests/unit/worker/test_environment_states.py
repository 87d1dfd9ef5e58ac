"""The table of an environment's life: every pair of states is decided."""

from __future__ import annotations

import itertools

import pytest

from lambdad.worker.environment.states import RUNNING, TRANSITIONS, EnvironmentState, IllegalTransition, move

S = EnvironmentState
ALLOWED = {
    (S.MAKING, S.INIT),
    (S.MAKING, S.RESTORE),
    (S.INIT, S.IDLE),
    (S.INIT, S.SNAPSHOT),
    (S.RESTORE, S.IDLE),
    (S.IDLE, S.FROZEN),
    (S.IDLE, S.BUSY),
    (S.FROZEN, S.BUSY),
    (S.BUSY, S.ANSWERED),
    (S.ANSWERED, S.IDLE),
    *((state, S.RESETTING) for state in RUNNING),
    *((state, S.SHUTDOWN) for state in RUNNING),
    (S.RESETTING, S.BARE),
    (S.BARE, S.REPEATED_INIT),
    (S.REPEATED_INIT, S.BUSY),
    *((state, S.GONE) for state in S if state is not S.GONE),
}


@pytest.mark.parametrize(("source", "target"), list(itertools.product(S, S)))
def test_every_pair_of_states_is_decided(source: EnvironmentState, target: EnvironmentState) -> None:
    if (source, target) in ALLOWED:
        assert move(source, target) is target
    else:
        with pytest.raises(IllegalTransition, match=source.name):
            move(source, target)


def test_the_table_names_every_state() -> None:
    assert set(TRANSITIONS) == set(S)
