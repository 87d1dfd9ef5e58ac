"""Calls a second: ten for each that may run at once, whoever they are taken from, and never for events."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.counting.leases import Leases
from lambdad.counting.ledger import Ledger
from lambdad.counting.rates import drawn, put_back
from lambdad.domain.errors import Stopped
from lambdad.domain.function import FunctionVersion
from lambdad.domain.scope import Scope
from tests.fakes.moments import FakeClock
from tests.fakes.worker import version_of

HERE = Scope()
FUNCTION = version_of("hello")
VERSION = version_of("hello", version="1")
OTHER = version_of("other")
LONG_AGO = -math.inf
MOST = 10_000
SHARED_RATE = "FunctionInvocationRateLimitExceeded"
RESERVED_RATE = "ReservedFunctionInvocationRateLimitExceeded"
SHARED = "ConcurrentInvocationLimitExceeded"


class Second:
    """A ledger of whose time nothing passes by itself."""

    def __init__(self, account: int = 10) -> None:
        self.clock = FakeClock(1_000.0)
        self.ledger = Ledger(account, self.clock.monotonic)

    def calls(self, version: FunctionVersion = FUNCTION) -> int:
        """Calls that end at once, one after the other, until one is refused."""
        quota = self.ledger.quota_of(version)
        return ended(quota, quota.take)

    def events(self, version: FunctionVersion = FUNCTION) -> int:
        quota = self.ledger.quota_of(version)
        return ended(quota, quota.take_for_event)

    def reason(self, version: FunctionVersion = FUNCTION) -> str:
        return self.ledger.quota_of(version).refusal().reason


def ended(quota: Leases, take) -> int:
    for count in range(MOST):
        if not take():
            return count
        quota.give_back()
    return MOST


@pytest.fixture
def second() -> Second:
    return Second()


def test_in_one_second_ten_times_what_may_run_at_once_may_be_called(second: Second):
    assert second.calls() == 100
    assert second.reason() == SHARED_RATE
    assert second.ledger.quota_of(FUNCTION).refusal().retry_after_s == 1


def test_all_functions_of_the_account_share_its_calls_and_other_accounts_have_their_own(second: Second):
    assert second.calls() == 100
    assert second.calls(OTHER) == 0
    assert second.calls(version_of(scope=Scope("1" * 12))) == 100
    assert second.calls(version_of(scope=Scope(region="eu-west-1"))) == 100


def test_calls_come_back_all_the_time_but_never_more_than_of_a_second(second: Second):
    second.calls()
    second.clock.now_s += 0.25
    assert second.calls() == 25
    second.clock.now_s += 3600
    assert second.calls() == 100


def test_events_are_not_counted_as_calls(second: Second):
    assert second.events() == MOST
    assert second.calls() == 100
    assert second.events() == MOST


def test_for_want_of_a_lease_the_reason_is_that_and_no_time_is_told(second: Second):
    quota = second.ledger.quota_of(OTHER)
    assert sum(quota.take() for _ in range(20)) == 10
    assert second.calls() == 0
    assert second.reason() == SHARED
    assert second.ledger.quota_of(FUNCTION).refusal().retry_after_s is None


def test_a_function_with_reserved_concurrency_has_calls_of_its_own_and_no_others(second: Second):
    second.ledger.reserve(HERE, "hello", 3)
    assert second.calls() == 30
    assert second.reason() == RESERVED_RATE
    assert second.calls(OTHER) == 70
    assert second.reason(OTHER) == SHARED_RATE


def test_calls_beyond_those_of_what_is_provisioned_spill_over(second: Second):
    second.ledger.provide(VERSION, 2)
    assert second.calls(VERSION) == 20 + 80
    assert second.reason(VERSION) == SHARED_RATE
    second.clock.now_s += 1
    assert second.calls() == 80
    assert second.calls(VERSION) == 20, "what is provisioned is nobody else's"


def test_what_spilled_over_for_its_rate_comes_back_where_it_was_taken(second: Second):
    second.ledger.provide(VERSION, 2)
    quota = second.ledger.quota_of(VERSION)
    for _ in range(20):
        assert quota.take()
        quota.give_back()
    assert quota.take()
    assert second.ledger.quota(HERE).in_use == 1
    quota.give_back()
    assert second.ledger.quota(HERE).in_use == 0


def test_fewer_hold_for_the_next_call():
    second = Second(1_000)
    second.ledger.reserve(HERE, "hello", 500)
    quota = second.ledger.quota_of(FUNCTION)
    assert quota.take()
    quota.give_back()
    second.ledger.reserve(HERE, "hello", 1)
    assert second.calls() == 9, "what is spent of a second stays spent, rounded up"


def test_more_hold_for_the_next_call_too():
    second = Second(1_000)
    second.ledger.reserve(HERE, "hello", 1)
    assert second.calls() == 10
    second.clock.now_s += 0.5
    second.ledger.reserve(HERE, "hello", 100)
    assert second.calls() == 500


def test_the_others_get_back_the_calls_of_what_is_no_longer_reserved(second: Second):
    second.ledger.reserve(HERE, "hello", 9)
    assert second.calls(OTHER) == 10
    second.clock.now_s += 1
    second.ledger.reserve(HERE, "hello", None)
    assert second.calls(OTHER) == 100


def test_a_function_that_is_stopped_says_so_and_one_without_anything_left_does_not(second: Second):
    second.ledger.reserve(HERE, "hello", 0)
    assert second.calls() == second.events() == 0
    assert isinstance(second.ledger.quota_of(FUNCTION).refusal(), Stopped)
    second.ledger.reserve(HERE, "hello", 1)
    second.ledger.provide(VERSION, 1)
    assert second.calls() == 0
    assert not isinstance(second.ledger.quota_of(FUNCTION).refusal(), Stopped)


@given(st.integers(1, 100_000), st.lists(st.floats(0, 0.3), max_size=40))
def test_no_second_has_more_calls_than_it_may_and_none_is_held_back(concurrency: int, pauses: list[float]):
    per_s, now, until = 10 * concurrency, 1_000.0, LONG_AGO
    taken: list[tuple[float, int]] = []
    for pause in [*pauses, 1.0]:
        now += pause
        while True:
            until, count = drawn(until, concurrency, now)
            if not count:
                break
            taken.append((now, count))
        assert until > now + 1 - 1.001 / per_s, "what may be called is not withheld"
        lately = sum(count for at, count in taken if at > now - 1)
        assert lately <= 2 * per_s + 1, "a second's at once, and what comes back meanwhile"
    begin = taken[0][0]
    assert sum(count for _, count in taken) <= (now - begin + 1) * per_s + 1


@given(st.integers(1, 1_000), st.integers(1, 1_000), st.integers(0, 30))
def test_what_is_put_back_was_never_taken(concurrency: int, spent: int, back: int):
    until, count = 1_000.0 + spent / 20_000, min(back, spent)
    more = until + count / (10 * concurrency)
    assert put_back(more, concurrency, count) == pytest.approx(until)


def test_without_concurrency_there_are_no_calls():
    assert drawn(LONG_AGO, 0, 5.0) == (LONG_AGO, 0)
    assert put_back(LONG_AGO, 0, 0) == LONG_AGO
