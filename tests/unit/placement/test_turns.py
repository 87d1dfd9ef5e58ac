"""A few come up at once, and one function's burst does not stand before another's single start."""

from __future__ import annotations

from lambdad.domain.limits import START_TURN_S
from lambdad.placement.turns import Turns


def take(turns: Turns[str, int], count: int, now: float = 0.0) -> list[str]:
    taken = []
    for number in range(count):
        pool = turns.next(now)
        assert pool is not None
        turns.took(pool, len(taken) + 1_000 * number, now)
        taken.append(pool)
    return taken


def test_pools_take_turns() -> None:
    turns: Turns[str, int] = Turns(10, str)
    for pool in ("burst", "one", "burst", "other"):
        turns.join(pool, 0.0)
    assert take(turns, 4) == ["burst", "one", "other", "burst"]


def test_only_so_many_come_up_at_once() -> None:
    turns: Turns[str, int] = Turns(1, str)
    turns.join("a", 0.0)
    turns.took("a", 1, 0.0)
    assert turns.next(0.0) is None
    turns.over(1)
    assert turns.next(0.0) == "a"


def test_a_long_init_gives_its_turn_up() -> None:
    turns: Turns[str, int] = Turns(1, str)
    turns.join("a", 0.0)
    turns.took("a", 1, 0.0)
    assert turns.next(START_TURN_S) == "a"


def test_who_left_has_no_turn_and_who_waits_long_is_known() -> None:
    turns: Turns[str, int] = Turns(1, str)
    turns.join("a", 0.0)
    turns.join("b", 1.0)
    turns.join("a", 2.0)
    assert turns.waiting_since(0.5) == ["a"]
    turns.leave("a")
    assert turns.next(0.0) == "b"
    turns.leave("b")
    assert not turns


def test_pools_of_a_group_have_one_turn_together_and_take_turns_within() -> None:
    turns: Turns[str, int] = Turns(10, lambda pool: pool[0])
    for pool in ("a1", "a2", "a3", "b"):
        turns.join(pool, 0.0)
    assert take(turns, 6) == ["a1", "b", "a2", "b", "a3", "b"]
    turns.leave("a1")
    turns.leave("b")
    turns.leave("b")
    assert turns.waiting_since(0.0) == ["a2", "a3"]
    turns.leave("a2")
    turns.leave("a3")
    assert not turns
