"""When a blank is made in the background: takes come first, and filling is never starved for ever."""

import math
from dataclasses import replace

from lambdad.worker.pools.pace import (
    FILLED_AT_ONCE,
    LAST_PAUSE_S,
    PATIENCE_S,
    QUIET_S,
    STARVED_AT_ONCE,
    Moment,
    at_once,
    begins_at,
    pause_s,
)

QUIET = Moment(last_take=100.0, lacking_since=100.0, rests_until=0.0, retries_at=0.0, making=0, queued=0)


def test_it_begins_a_moment_after_the_last_take():
    assert begins_at(QUIET) == 100.0 + QUIET_S


def test_it_waits_for_the_end_of_what_is_being_made_for_takes_but_not_for_ever():
    assert begins_at(replace(QUIET, making=1)) == 100.0 + PATIENCE_S


def test_under_a_steady_stream_its_patience_ends():
    assert begins_at(replace(QUIET, last_take=109.99, lacking_since=100.0)) == 100.0 + PATIENCE_S


def test_while_takes_are_queued_it_does_not_begin():
    assert begins_at(replace(QUIET, queued=1, lacking_since=0.0)) == math.inf


def test_it_rests_after_the_last_one_even_when_it_is_late():
    assert begins_at(replace(QUIET, lacking_since=0.0, rests_until=100.3)) == 100.3


def test_after_failures_it_waits_for_the_end_of_the_pause():
    assert begins_at(replace(QUIET, retries_at=130.0)) == 130.0


def test_one_at_a_time_in_a_quiet_moment_and_two_when_it_was_starved():
    assert at_once(QUIET, 100.0 + QUIET_S) == FILLED_AT_ONCE
    assert at_once(QUIET, 100.0 + QUIET_S / 2) == STARVED_AT_ONCE
    assert at_once(replace(QUIET, making=1), 200.0) == STARVED_AT_ONCE


def test_pauses_double_up_to_the_longest():
    pauses = [pause_s(failures) for failures in range(1, 9)]
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, LAST_PAUSE_S, LAST_PAUSE_S]
    assert pause_s(10_000) == LAST_PAUSE_S
