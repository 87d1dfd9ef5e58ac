"""Leases of functions with reserved concurrency: these and no others, whatever changes meanwhile."""

from __future__ import annotations

import gc

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lambdad.counting.function_quota import FunctionQuota
from lambdad.counting.leases import Leases
from lambdad.counting.ledger import Ledger
from lambdad.counting.provisioned_quota import ProvisionedQuota
from lambdad.domain.function import FunctionVersion
from lambdad.domain.scope import Scope
from tests.fakes.moments import FakeClock
from tests.fakes.worker import version_of
from tests.forms import examples

HERE = Scope()
FUNCTION = version_of("hello")
FIRST, SECOND = version_of("hello", version="1"), version_of("hello", version="2")
OTHER = version_of("other")
SHARED, RESERVED = (
    "ConcurrentInvocationLimitExceeded",
    "ReservedFunctionConcurrentInvocationLimitExceeded",
)
SHARED_RATE, RESERVED_RATE = (
    "FunctionInvocationRateLimitExceeded",
    "ReservedFunctionInvocationRateLimitExceeded",
)


def taken(ledger: Ledger, version: FunctionVersion = FUNCTION, tries: int = 20) -> int:
    quota = ledger.quota_of(version)
    return sum(quota.take() for _ in range(tries))


def test_a_function_has_what_is_reserved_over_all_its_versions_and_no_more():
    ledger = Ledger(10)
    ledger.reserve(HERE, "hello", 3)
    assert taken(ledger, FIRST, tries=2) == 2
    assert taken(ledger) == 1
    assert taken(ledger, SECOND) == 0


def test_what_is_reserved_is_out_of_others_reach_even_unused():
    ledger = Ledger(10)
    ledger.reserve(HERE, "hello", 3)
    assert taken(ledger, OTHER) == 7
    assert taken(ledger) == 3


def test_zero_stops_a_function_and_nobody_else():
    ledger = Ledger(10)
    ledger.reserve(HERE, "hello", 0)
    assert taken(ledger) == 0
    assert taken(ledger, OTHER) == 10


def test_who_is_refused_hears_whose_concurrency_is_used_up():
    ledger = Ledger(1)
    quota = ledger.quota_of(FUNCTION)
    taken(ledger, OTHER)
    assert not quota.take()
    assert quota.refusal().reason == SHARED
    ledger.reserve(HERE, "hello", 0)
    assert not quota.take()
    assert quota.refusal().reason == RESERVED


def test_a_change_holds_for_the_next_lease_of_a_quota_in_use():
    ledger = Ledger(10)
    quota = ledger.quota_of(FUNCTION)
    assert quota.take()
    ledger.reserve(HERE, "hello", 1)
    assert not quota.take()
    ledger.reserve(HERE, "hello", 2)
    assert quota.take()
    ledger.reserve(HERE, "hello", None)
    assert taken(ledger) == 8


def test_what_runs_counts_where_the_next_one_does():
    ledger = Ledger(10)
    quota = ledger.quota_of(FUNCTION)
    assert [quota.take() for _ in range(4)] == [True] * 4
    ledger.reserve(HERE, "hello", 2)
    assert taken(ledger, OTHER) == 8
    for _ in range(2):
        quota.give_back()
        assert not quota.take()
    quota.give_back()
    assert quota.take()


def test_what_is_provisioned_counts_inside_of_it():
    ledger = Ledger(10)
    ledger.provide(FIRST, 2)
    ledger.reserve(HERE, "hello", 3)
    assert taken(ledger, OTHER) == 7
    assert taken(ledger) == 1
    assert taken(ledger, FIRST) == 2


def test_a_function_whose_concurrency_is_all_provisioned_runs_nothing_else():
    ledger = Ledger(10)
    ledger.reserve(HERE, "hello", 2)
    ledger.provide(FIRST, 2)
    assert taken(ledger) == 0
    assert ledger.quota_of(FUNCTION).refusal().reason == RESERVED
    assert taken(ledger, FIRST) == 2
    assert ledger.quota_of(FIRST).refusal().reason == RESERVED


def test_withdrawn_what_a_version_runs_counts_as_the_functions():
    ledger = Ledger(10)
    ledger.reserve(HERE, "hello", 2)
    ledger.provide(FIRST, 2)
    held = ledger.quota_of(FIRST)
    assert held.take()
    assert held.take()
    ledger.withdraw(FIRST)
    assert taken(ledger, FIRST) == 0
    held.give_back()
    assert taken(ledger, FIRST) == 1


def test_a_lease_given_back_twice_is_a_defect():
    ledger = Ledger(10)
    ledger.provide(FIRST, 1)
    for version in (FUNCTION, FIRST):
        with pytest.raises(RuntimeError, match="twice"):
            ledger.quota_of(version).give_back()


def test_functions_that_nobody_uses_any_more_take_no_memory():
    ledger = Ledger(10)
    used = ledger.quota_of(FUNCTION)
    assert isinstance(used, FunctionQuota)
    for number in range(50):
        ledger.quota_of(version_of(f"function-{number}"))
    kept = [one for one in gc.get_objects() if isinstance(one, FunctionQuota) and one.source is used.source]
    assert kept == [used]


Version = tuple[str, str]
"""Function and version."""


def of(version: Version) -> FunctionVersion:
    return version_of(version[0], version=version[1])


class Changes(RuleBasedStateMachine):
    """Limits change in any order, as far as the control plane lets them, while leases are out and time passes.

    Of each lease is known which version has it and which quota gave it, and of how many a version has more
    than its own. Whether another may be given is calculated from that anew each time: for an event exactly, for
    a call unless there were too many in this second.
    """

    ACCOUNT = 8
    NAMES = ("hello", "other")
    PUBLISHED = (("hello", "1"), ("hello", "2"), ("other", "1"))
    VERSIONS = (("hello", "$LATEST"), ("other", "$LATEST"), *PUBLISHED)

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock(1_000.0)
        self.ledger = Ledger(self.ACCOUNT, self.clock.monotonic)
        self.spilled: dict[Version, int] = {}
        self.reserved: dict[str, int] = {}
        self.provided: dict[Version, int] = {}
        self.out: list[tuple[Version, Leases]] = []

    def provided_to(self, name: str) -> int:
        return sum(limit for version, limit in self.provided.items() if version[0] == name)

    def spare(self) -> int:
        """What is nobody's own."""
        own = sum(self.reserved.get(name, self.provided_to(name)) for name in self.NAMES)
        return self.ACCOUNT - own

    def of_its_own(self, version: Version) -> int:
        """Leases that are out and count as what a version is provided with."""
        if version not in self.provided:
            return 0
        return self.given_by(self.ledger.quota_of(of(version))) - self.spilled.get(version, 0)

    def given_by(self, quota: Leases) -> int:
        return sum(by is quota for _, by in self.out)

    def of_the_function(self, name: str) -> int:
        """Leases of a function that are out and count as nobody's but the function's."""
        own = sum(self.of_its_own(version) for version in self.provided if version[0] == name)
        return sum(version[0] == name for version, _ in self.out) - own

    def room(self, name: str) -> int:
        if name in self.reserved:
            return self.reserved[name] - self.provided_to(name) - self.of_the_function(name)
        sharing = [one for one in self.NAMES if one not in self.reserved]
        return self.spare() - sum(map(self.of_the_function, sharing))

    @rule(name=st.sampled_from(NAMES), limit=st.integers(0, ACCOUNT))
    def reserve(self, name: str, limit: int) -> None:
        before = self.reserved.get(name, self.provided_to(name))
        limit = max(self.provided_to(name), min(limit, before + self.spare()))
        self.ledger.reserve(HERE, name, limit)
        self.reserved[name] = limit

    @rule(name=st.sampled_from(NAMES))
    def share(self, name: str) -> None:
        self.ledger.reserve(HERE, name, None)
        self.reserved.pop(name, None)

    @rule(version=st.sampled_from(PUBLISHED), limit=st.integers(0, ACCOUNT))
    def provide(self, version: Version, limit: int) -> None:
        name = version[0]
        others = self.provided_to(name) - self.provided.get(version, 0)
        most = self.reserved[name] if name in self.reserved else self.provided_to(name) + self.spare()
        limit = min(limit, most - others)
        self.ledger.provide(of(version), limit)
        self.provided[version] = limit
        self.spilled[version] = max(0, self.given_by(self.ledger.quota_of(of(version))) - limit)

    @rule(version=st.sampled_from(PUBLISHED))
    def withdraw(self, version: Version) -> None:
        self.ledger.withdraw(of(version))
        self.provided.pop(version, None)
        self.spilled.pop(version, None)

    def has_own(self, version: Version) -> bool:
        return self.of_its_own(version) < self.provided.get(version, 0)

    def given(self, version: Version, quota: Leases, *, as_its_own: bool) -> None:
        self.out.append((version, quota))
        if version in self.provided and not as_its_own:
            self.spilled[version] = self.spilled.get(version, 0) + 1

    def assert_refused(self, version: Version, quota: Leases) -> None:
        reasons = (RESERVED, RESERVED_RATE) if version[0] in self.reserved else (SHARED, SHARED_RATE)
        assert quota.refusal().reason == reasons[self.room(version[0]) > 0]

    @rule(version=st.sampled_from(VERSIONS))
    def take_for_event(self, version: Version) -> None:
        own = self.has_own(version)
        may = own or self.room(version[0]) > 0
        quota = self.ledger.quota_of(of(version))
        assert quota.take_for_event() is may
        if may:
            self.given(version, quota, as_its_own=own)
        else:
            self.assert_refused(version, quota)

    @rule(version=st.sampled_from(VERSIONS))
    def take(self, version: Version) -> None:
        own, room = self.has_own(version), self.room(version[0]) > 0
        quota = self.ledger.quota_of(of(version))
        before = quota.spilled if isinstance(quota, ProvisionedQuota) else 0
        if not quota.take():
            self.assert_refused(version, quota)
            return
        assert own or room
        spilled = isinstance(quota, ProvisionedQuota) and quota.spilled > before
        assert not spilled or room, "nothing spills over where nothing is"
        self.given(version, quota, as_its_own=not spilled)

    @rule(version=st.sampled_from(VERSIONS))
    def take_after_a_rest(self, version: Version) -> None:
        self.clock.now_s += 1.001
        own = self.has_own(version)
        may = own or self.room(version[0]) > 0
        quota = self.ledger.quota_of(of(version))
        assert quota.take() is may
        if may:
            self.given(version, quota, as_its_own=own)
        else:
            self.assert_refused(version, quota)

    @rule(version=st.sampled_from(VERSIONS), seconds=st.sampled_from([0.0, 0.01, 0.2]))
    def call_until_refused(self, version: Version, seconds: float) -> None:
        self.clock.now_s += seconds
        quota = self.ledger.quota_of(of(version))
        most = int(10 * self.ACCOUNT * 1.05) + 1  # see `counting.rates`: those at hand come on top
        for _ in range(most + 1):
            if not quota.take():
                self.assert_refused(version, quota)
                return
            quota.give_back()
        raise AssertionError("more calls than the whole account may have")

    @precondition(lambda self: self.out)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        version, quota = self.out.pop(data.draw(st.integers(0, len(self.out) - 1)))
        quota.give_back()
        if version in self.provided and quota is self.ledger.quota_of(of(version)):
            self.spilled[version] = max(0, self.spilled.get(version, 0) - 1)

    @invariant()
    def what_is_shared_is_what_nobody_has(self) -> None:
        assert self.ledger.quota(HERE).limit == self.spare()

    def teardown(self) -> None:
        for _, quota in self.out:
            quota.give_back()
        self.out.clear()
        assert self.ledger.quota(HERE).in_use == 0
        for name in self.NAMES:
            self.ledger.reserve(HERE, name, None)
        for version in list(self.provided):
            self.ledger.withdraw(of(version))
        self.clock.now_s += 1.001
        assert taken(self.ledger) == self.ACCOUNT


TestChanges = Changes.TestCase
TestChanges.settings = settings(max_examples=examples(100), stateful_step_count=40, deadline=None)
