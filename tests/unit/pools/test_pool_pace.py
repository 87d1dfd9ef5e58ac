"""When blanks are made in the background: takes come first, but filling is never starved."""

from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lambdad.worker.pools.pace import (
    FILLED_AT_ONCE,
    FIRST_PAUSE_S,
    LAST_PAUSE_S,
    PATIENCE_S,
    QUIET_S,
    STARVED_AT_ONCE,
    Moment,
    at_once,
    begins_at,
    pause_s,
)

CALM = Moment(last_take=0, lacking_since=0, rests_until=0, retries_at=0, making=0, queued=0)


def test_filling_begins_a_moment_after_the_last_take() -> None:
    assert begins_at(replace(CALM, last_take=0.05)) == 0.05 + QUIET_S


def test_under_takes_without_a_pause_filling_begins_when_patience_is_over() -> None:
    assert begins_at(replace(CALM, last_take=50.0)) == PATIENCE_S
    assert begins_at(replace(CALM, making=2)) == PATIENCE_S


def test_nothing_is_filled_while_somebody_is_queued_for_his_own() -> None:
    assert begins_at(replace(CALM, queued=1)) == math.inf


def test_filling_rests_and_waits_for_pauses_after_failures() -> None:
    assert begins_at(replace(CALM, rests_until=3.0)) == 3.0
    assert begins_at(replace(CALM, rests_until=3.0, retries_at=9.0)) == 9.0


def test_more_are_filled_together_only_when_there_was_no_pause() -> None:
    assert at_once(CALM, now=QUIET_S) == FILLED_AT_ONCE
    assert at_once(replace(CALM, making=1), now=1.0) == STARVED_AT_ONCE
    assert at_once(replace(CALM, last_take=1.0), now=1.0) == STARVED_AT_ONCE


def test_pauses_double_from_the_first_to_the_last() -> None:
    assert [pause_s(number) for number in (1, 2, 3)] == [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S]
    assert pause_s(7) == LAST_PAUSE_S


@given(st.integers(1, 10**9))
def test_no_pause_is_longer_than_the_last(failures: int) -> None:
    assert FIRST_PAUSE_S <= pause_s(failures) <= LAST_PAUSE_S
