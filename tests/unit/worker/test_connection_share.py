"""One environment cannot take another's connections, whatever it holds itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lambdad.worker.runtime_api.connections import ConnectionCount, SharedConnections


def admitted(count: ConnectionCount, wanted: int = 100) -> int:
    return sum(count.admit() for _ in range(wanted))


def test_it_may_hold_sixty_four_while_there_are_some() -> None:
    assert admitted(ConnectionCount(SharedConnections(1_000))) == 64
    assert admitted(ConnectionCount()) == 64


def test_who_takes_everything_leaves_the_others_their_own() -> None:
    shared = SharedConnections(70)
    hostile = [ConnectionCount(shared) for _ in range(2)]
    assert [admitted(one) for one in hostile] == [64, 14]
    assert admitted(ConnectionCount(shared)) == 4


def test_what_is_let_go_is_there_for_others() -> None:
    shared = SharedConnections(10)
    first, second = ConnectionCount(shared), ConnectionCount(shared)
    assert admitted(first) == 14
    for _ in range(3):
        first.leave()
    assert admitted(second) == 7


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=300))
def test_the_books_are_right_whatever_comes_and_goes(steps: list[tuple[int, bool]]) -> None:
    shared = SharedConnections(20)
    counts = [ConnectionCount(shared) for _ in range(3)]
    for number, opens in steps:
        if opens:
            counts[number].admit()
        elif counts[number].open:
            counts[number].leave()
        assert shared.left == 20 - sum(max(0, one.open - 4) for one in counts)
        assert shared.left >= 0
