"""How much ran at once since the last look: of functions, versions, accounts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lambdad.counting.ledger import Ledger
from lambdad.domain.measured import FunctionPeak, Peaks, ProvidedPeak, ScopePeak
from lambdad.domain.scope import Scope
from tests.fakes.worker import version_of

HERE = Scope()
HELLO = version_of("hello")
OTHER = version_of("other")


def test_a_peak_is_seen_although_it_is_over() -> None:
    ledger = Ledger(10)
    quota = ledger.quota_of(HELLO)
    for _ in range(3):
        quota.take()
    for _ in range(3):
        quota.give_back()
    assert ledger.peaks() == Peaks(
        functions=(FunctionPeak(HERE, "hello", 3),), scopes=(ScopePeak(HERE, 3, 3, 0),)
    )
    assert ledger.peaks() == Peaks()


def test_what_goes_on_running_is_seen_by_every_look() -> None:
    ledger = Ledger(10)
    quota = ledger.quota_of(HELLO)
    quota.take_for_event()
    quota.take()
    ledger.peaks()
    quota.give_back()
    assert [one.most for one in ledger.peaks().functions] == [2]
    assert [one.most for one in ledger.peaks().functions] == [1]
    quota.give_back()
    ledger.peaks()
    assert ledger.peaks() == Peaks()


def test_what_was_refused_did_not_run() -> None:
    ledger = Ledger(2)
    quota = ledger.quota_of(HELLO)
    assert [quota.take() for _ in range(4)].count(True) == 2
    assert [one.most for one in ledger.peaks().functions] == [2]


def test_functions_of_an_account_count_together() -> None:
    ledger = Ledger(10)
    one, other = ledger.quota_of(HELLO), ledger.quota_of(OTHER)
    one.take()
    other.take()
    elsewhere = ledger.quota_of(version_of("hello", scope=Scope(region="eu-west-1")))
    elsewhere.take()
    assert {peak.scope.region: peak.most for peak in ledger.peaks().scopes} == {
        "us-east-1": 2,
        "eu-west-1": 1,
    }


def test_reserved_concurrency_is_allocated_and_not_unreserved() -> None:
    ledger = Ledger(100)
    ledger.reserve(HERE, "hello", 20)
    quota = ledger.quota_of(HELLO)
    quota.take()
    quota.take()
    assert ledger.peaks().scopes == (ScopePeak(HERE, 2, 0, 20),)
    assert ledger.peaks().functions == (FunctionPeak(HERE, "hello", 2),)


def test_provisioned_concurrency_is_seen_with_its_limit_and_what_spills_over_is_the_functions() -> None:
    ledger = Ledger(100)
    version = version_of("hello", version="1")
    ledger.provide(version, 2)
    quota = ledger.quota_of(version)
    for _ in range(3):
        quota.take()
    peaks = ledger.peaks()
    assert peaks.provided == (ProvidedPeak(version, 2, 2),)
    assert peaks.functions == (FunctionPeak(HERE, "hello", 3),)
    assert peaks.scopes == (ScopePeak(HERE, 3, 1, 2),)
    for _ in range(3):
        quota.give_back()
    ledger.peaks()
    assert ledger.peaks() == Peaks(
        scopes=(ScopePeak(HERE, 0, 0, 2),), provided=(ProvidedPeak(version, 2, 0),)
    )


@given(st.lists(st.sampled_from(["take", "give", "look"]), max_size=60))
def test_a_look_sees_the_greatest_number_out_since_the_last(steps: list[str]) -> None:
    ledger = Ledger(1_000)
    quota = ledger.quota_of(HELLO)
    out = most = 0
    for step in steps:
        if step == "take" and quota.take_for_event():
            out += 1
        elif step == "give" and out:
            quota.give_back()
            out -= 1
        elif step == "look":
            assert [one.most for one in ledger.peaks().functions] == ([most] if most else [])
            most = out
        most = max(most, out)
