"""Leases of versions with provisioned concurrency: guaranteed to them, and out of nobody else's reach."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lambdad.counting.ledger import Ledger
from lambdad.domain.scope import Scope
from tests.fakes.worker import version_of

VERSION = version_of(version="1")
OTHER = version_of("other")


def taken(ledger: Ledger, version=VERSION, tries: int = 20) -> int:
    quota = ledger.quota_of(version)
    return sum(quota.take() for _ in range(tries))


def test_without_provisioned_concurrency_everything_is_shared():
    ledger = Ledger(5)
    assert taken(ledger) == 5
    assert taken(ledger, OTHER) == 0


def test_what_is_provisioned_is_out_of_others_reach_even_unused():
    ledger = Ledger(5)
    ledger.provide(VERSION, 3)
    assert taken(ledger, OTHER) == 2
    assert taken(ledger) == 3


def test_what_is_beyond_it_is_taken_from_what_is_shared():
    ledger = Ledger(5)
    ledger.provide(VERSION, 3)
    assert taken(ledger) == 5
    assert taken(ledger, OTHER) == 0


def test_shared_leases_are_given_back_first():
    ledger = Ledger(5)
    ledger.provide(VERSION, 3)
    taken(ledger, tries=4)
    ledger.quota_of(VERSION).give_back()
    assert taken(ledger, OTHER) == 2
    ledger.quota_of(VERSION).give_back()
    assert ledger.quota_of(OTHER).take() is False


def test_more_or_fewer_move_between_its_own_and_the_shared():
    ledger = Ledger(5)
    ledger.provide(VERSION, 3)
    ledger.provide(VERSION, 1)
    assert taken(ledger, OTHER) == 4
    assert taken(ledger) == 1


def test_withdrawn_it_is_shared_again_and_what_is_out_comes_back():
    ledger = Ledger(5)
    ledger.provide(VERSION, 2)
    held = ledger.quota_of(VERSION)
    assert held.take()
    ledger.withdraw(VERSION)
    ledger.withdraw(VERSION)
    held.give_back()
    assert taken(ledger) == 5
    assert not held.take()


@given(st.lists(st.sampled_from(["take", "give", "other", "back"]), max_size=60), st.integers(0, 4))
def test_no_lease_is_lost_or_made_whatever_the_order(steps: list[str], own: int):
    ledger = Ledger(5)
    ledger.provide(VERSION, own)
    quota, shared = ledger.quota_of(VERSION), ledger.quota_of(OTHER)
    mine = others = 0
    for step in steps:
        if step == "take":
            mine += quota.take()
        elif step == "other":
            others += shared.take()
        elif step == "give" and mine:
            quota.give_back()
            mine -= 1
        elif step == "back" and others:
            shared.give_back()
            others -= 1
        assert mine + others <= 5
        assert others <= 5 - own
    for _ in range(mine):
        quota.give_back()
    for _ in range(others):
        shared.give_back()
    assert ledger.quota(Scope()).in_use == 0
    assert taken(ledger) == 5
