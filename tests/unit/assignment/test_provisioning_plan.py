"""Which provisioned environments are started and which are ended."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lambdad.assignment.provisioning import Standing, plan, renew_at

NOW = 1_000.0
LATER = 5_000.0


def one(
    *, initialised: bool = True, idle: bool = True, renew: float = LATER, expires: float = LATER
) -> Standing:
    return Standing(initialised, idle and initialised, renew, expires)


AGING = one(renew=NOW - 1)
EXPIRED = one(renew=NOW - 2, expires=NOW)


def test_what_is_missing_is_started():
    assert plan(3, [], NOW, starts=8).start == 3
    assert plan(3, [one(), one(initialised=False)], NOW, starts=8).start == 1


def test_only_so_many_start_at_once():
    assert plan(100, [], NOW, starts=8).start == 8
    assert plan(100, [one(initialised=False)] * 6, NOW, starts=8).start == 2
    assert plan(100, [one(initialised=False)] * 9, NOW, starts=8).start == 0
    assert plan(1, [], NOW, starts=0).start == 0


def test_what_is_too_much_ends_idle_ones_first_those_that_would_last_the_shortest():
    kept = [one(renew=LATER + 2), one(renew=LATER + 1), one(idle=False), one(renew=LATER)]
    assert plan(2, kept, NOW, starts=8).end == (3, 1)
    assert plan(2, [one(idle=False)] * 5, NOW, starts=8).end == ()


def test_one_that_nears_its_age_is_replaced_before_it_ends():
    first = plan(1, [AGING], NOW, starts=8)
    assert (first.start, first.end) == (1, ())
    meanwhile = plan(1, [AGING, one(initialised=False)], NOW, starts=8)
    assert (meanwhile.start, meanwhile.end) == (0, ())
    replaced = plan(1, [AGING, one()], NOW, starts=8)
    assert (replaced.start, replaced.end) == (0, (0,))


def test_one_that_is_too_old_ends_whether_it_is_replaced_or_not():
    assert plan(1, [EXPIRED], NOW, starts=0).end == (0,)
    busy = one(idle=False, renew=NOW - 2, expires=NOW)
    assert plan(1, [busy], NOW, starts=0).end == ()


def test_one_that_is_not_needed_any_more_does_not_go_on_starting():
    made = plan(1, [one(), one(initialised=False)], NOW, starts=8)
    assert (made.start, made.end) == (0, (1,))
    assert plan(2, [one(initialised=False)] * 3, NOW, starts=8).end == (0,)


def test_nothing_is_done_when_all_is_as_asked_for():
    done = plan(2, [one(), one(idle=False)], NOW, starts=8)
    assert (done.start, done.end) == (0, ())


STANDING = st.builds(
    one,
    initialised=st.booleans(),
    idle=st.booleans(),
    renew=st.sampled_from([NOW - 1, LATER]),
    expires=st.sampled_from([NOW, LATER]),
)


@given(st.integers(1, 6), st.lists(STANDING, max_size=10), st.integers(0, 8))
def test_a_plan_never_goes_below_what_is_asked_for_nor_beyond_what_may_start(
    requested: int, kept: list[Standing], starts: int
):
    made = plan(requested, kept, NOW, starts)
    assert len(set(made.end)) == len(made.end)
    assert all(kept[place].is_idle or not kept[place].is_initialised for place in made.end)
    usable = [place for place, each in enumerate(kept) if each.is_initialised and each.expires_at > NOW]
    left = [place for place in usable if place not in made.end]
    assert len(left) >= min(requested, len(usable))
    lasting = [place for place in usable if kept[place].renew_at > NOW]
    assert len(set(lasting) - set(made.end)) >= min(requested, len(lasting)), "it would be started again"
    starting = sum(not each.is_initialised for each in kept)
    assert made.start == 0 or made.start + starting <= starts
    assert made.start <= requested
    coming = [each for place, each in enumerate(kept) if not each.is_initialised and place not in made.end]
    assert len(coming) <= max(0, requested - len(lasting)), "those that are not needed do not go on starting"


@given(st.floats(0, 1e6), st.floats(1, 1e6))
def test_the_place_is_renewed_within_the_last_tenth_of_a_life(born: float, age: float):
    at = renew_at(born, born + age)
    assert born + age * 0.899 <= at <= born + age
    assert at >= born + age - 300.001
