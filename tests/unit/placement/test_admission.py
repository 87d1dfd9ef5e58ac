"""Room is given out by what is used; what must go first is idle, and only as much as is needed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lambdad.domain.limits import BUSY_MEMORY_BYTES, MIB, MOST_EVICTED, MOST_LEAVING, START_MEMORY_BYTES
from lambdad.placement.admission import START, WAIT, Bounds, Crowd, Decision, Way, decide, to_relieve

GIB = 1024 * MIB
WIDE = Bounds(most=1_000, ceiling_bytes=16 * GIB)


@st.composite
def crowds(draw: st.DrawFn) -> Crowd:
    living = draw(st.integers(0, 1_200))
    starting = draw(st.integers(0, living))
    return Crowd(living, starting, draw(st.integers(0, living - starting)), draw(st.integers(0, 40)))


def test_a_thousand_idle_environments_of_large_functions_count_what_they_use() -> None:
    crowd = Crowd(living=999, starting=0, idle=999, leaving=0)
    assert decide(crowd, WIDE, used_bytes=5 * GIB, memory_mib=10_240) == START


def test_those_that_come_up_and_those_that_are_busy_have_memory_set_aside() -> None:
    crowd = Crowd(living=3, starting=1, idle=1, leaving=0)
    fits = 2 * START_MEMORY_BYTES + BUSY_MEMORY_BYTES
    assert decide(crowd, Bounds(10, fits + 30 * MIB), 30 * MIB, 1_024) == START
    assert decide(crowd, Bounds(10, fits + 30 * MIB - 1), 30 * MIB, 1_024).way is Way.EVICT


def test_no_more_is_set_aside_than_the_function_may_use() -> None:
    crowd = Crowd(living=1, starting=0, idle=1, leaving=0)
    assert decide(crowd, Bounds(10, 40 * MIB), 8 * MIB, 32) == START


def test_as_many_are_ended_as_use_what_is_lacking() -> None:
    crowd = Crowd(living=10, starting=0, idle=10, leaving=0)
    found = decide(crowd, Bounds(10, 100 * MIB), 100 * MIB, 25)
    assert found == Decision(Way.EVICT, evict=3)


def test_while_some_are_going_nobody_else_is_ended_for_memory() -> None:
    crowd = Crowd(living=10, starting=0, idle=10, leaving=1)
    assert decide(crowd, Bounds(100, 100 * MIB), 100 * MIB, 25) == WAIT


def test_at_the_most_environments_one_makes_room_at_once() -> None:
    found = decide(Crowd(10, 0, 10, 0), Bounds(10, None), 0, 128)
    assert found == Decision(Way.EVICT, evict=1, then_start=True)


def test_the_first_environment_is_started_whatever_the_ceiling() -> None:
    assert decide(Crowd(0, 0, 0, 0), Bounds(1, 1), 500 * MIB, 128) == START


@given(crowd=crowds(), used=st.integers(0, 32 * GIB), memory_mib=st.integers(128, 10_240))
def test_what_is_started_fits(crowd: Crowd, used: int, memory_mib: int) -> None:
    found = decide(crowd, WIDE, used, memory_mib)
    if found == START and crowd.living + crowd.leaving:
        assert crowd.living < WIDE.most
        assert crowd.leaving < MOST_LEAVING
        assert used + crowd.starting * START_MEMORY_BYTES < 16 * GIB
    assert (found.way is Way.EVICT) == (found.evict > 0)


@given(crowd=crowds(), used=st.integers(0, 32 * GIB))
def test_idle_ones_are_ended_only_above_the_ceiling_and_a_few_at_a_time(crowd: Crowd, used: int) -> None:
    count = to_relieve(crowd, WIDE, used)
    assert 0 <= count <= MOST_EVICTED
    assert (count > 0) == (used > 16 * GIB and not crowd.leaving)


def test_without_a_ceiling_nothing_is_ended() -> None:
    assert to_relieve(Crowd(10, 0, 10, 0), Bounds(10, None), 2**50) == 0
