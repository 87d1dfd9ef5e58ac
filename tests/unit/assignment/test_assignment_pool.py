"""A pool under any order of events: nobody waits for nothing, nobody is answered twice, leases come back."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lambdad.assignment.pool import Pool
from lambdad.assignment.pools import Pools
from lambdad.domain.function import FunctionVersion
from lambdad.domain.invocation import Invocation, Target
from lambdad.domain.limits import ROOM_WAIT_S
from lambdad.placement.capacity import Placement
from tests.fakes.environments import AGE_S, FakeEnvironment, FakeWorker
from tests.fakes.worker import FakeClock, version_of
from tests.forms import examples

MAX = 3


class PoolMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.worker = FakeWorker(self.clock)
        self.placement = Placement(self.worker, MAX)
        self.pools = Pools(self.placement, self.clock, idle_s=100)
        self.version = version_of()
        self.asked = 0
        self.settled: list[Invocation] = []

    @property
    def pool(self) -> Pool:
        return self.pools.pool(self.version)

    def living(self) -> list[FakeEnvironment]:
        return [one for one in self.worker.made if not one.gone]

    def starting(self) -> list[FakeEnvironment]:
        return [one for one in self.living() if one.idle_since == 0.0]

    def busy(self) -> list[FakeEnvironment]:
        return [one for one in self.living() if one.current is not None]

    @rule()
    def invoke(self) -> None:
        self.asked += 1
        target = Target(self.version, "arn")
        self.pool.assign(Invocation(target, f"id-{self.asked}", b"{}", "", self.settled.append))

    @precondition(lambda self: self.starting())
    @rule(data=st.data(), how=st.sampled_from(["ready", "fail_making"]))
    def start_ends(self, data: st.DataObject, how: str) -> None:
        getattr(data.draw(st.sampled_from(self.starting())), how)()

    @precondition(lambda self: self.busy())
    @rule(data=st.data(), how=st.sampled_from(["finish", "crash"]))
    def event_ends(self, data: st.DataObject, how: str) -> None:
        getattr(data.draw(st.sampled_from(self.busy())), how)()

    @rule(seconds=st.integers(0, 1_200))
    def time_passes(self, seconds: int) -> None:
        self.clock.time += seconds
        self.pools.reclaim()

    @rule()
    def function_changes(self) -> None:
        self.version = version_of(revision_id=f"r{self.clock.time}-{self.asked}", handler=f"h{self.asked}.x")
        self.pools.forget(self.version.scope, self.version.name)

    @invariant()
    def the_limit_holds_and_the_books_are_right(self) -> None:
        assert len(self.living()) <= MAX
        assert self.placement.environments == len(self.living())

    @invariant()
    def nobody_is_settled_twice(self) -> None:
        assert len({one.request_id for one in self.settled}) == len(self.settled)

    @invariant()
    def whoever_waits_has_an_environment_coming_or_busy(self) -> None:
        waiting = self.asked - len(self.settled) - len(self.busy())
        assert waiting >= 0
        if waiting:
            assert self.living()

    def teardown(self) -> None:
        for _ in range(10 * (self.asked + 1)):
            for one in self.starting():
                one.ready()
            for one in self.busy():
                one.finish()
        assert len(self.settled) == self.asked
        super().teardown()


TestPoolMachine = PoolMachine.TestCase
TestPoolMachine.settings = settings(max_examples=examples(60), stateful_step_count=30, deadline=None)


def make() -> tuple[Pools, FakeWorker, FakeClock]:
    clock = FakeClock()
    worker = FakeWorker(clock)
    return Pools(Placement(worker, 10), clock, idle_s=100), worker, clock


def invocation(version: FunctionVersion, settled: list[Invocation]) -> Invocation:
    return Invocation(Target(version, "arn"), "id", b"", "", settled.append)


def test_the_most_recently_used_environment_is_taken_first() -> None:
    pools, worker, clock = make()
    settled: list[Invocation] = []
    pool = pools.pool(version_of())
    pool.assign(invocation(version_of(), settled))
    pool.assign(invocation(version_of(), settled))
    first, second = worker.made
    first.ready()
    second.ready()
    first.finish()
    clock.time += 1
    second.finish()
    pool.assign(invocation(version_of(), settled))
    assert (first.current, second.current is not None) == (None, True)


def test_one_that_is_too_old_takes_no_event_and_is_replaced() -> None:
    pools, worker, clock = make()
    settled: list[Invocation] = []
    pool = pools.pool(version_of())
    pool.assign(invocation(version_of(), settled))
    worker.made[0].ready()
    worker.made[0].finish()
    clock.time += AGE_S
    pool.assign(invocation(version_of(), settled))
    assert worker.made[0].gone
    worker.made[1].ready()
    assert worker.made[1].current is not None


def test_one_that_grows_too_old_during_an_event_finishes_it_and_ends() -> None:
    pools, worker, clock = make()
    settled: list[Invocation] = []
    pool = pools.pool(version_of())
    pool.assign(invocation(version_of(), settled))
    worker.made[0].ready()
    clock.time += AGE_S
    assert not worker.made[0].gone
    worker.made[0].finish()
    assert len(settled) == 1
    assert worker.made[0].gone
    assert pool.size == 0


def test_one_that_grows_too_old_while_idle_is_ended_without_an_event() -> None:
    clock = FakeClock()
    worker = FakeWorker(clock)
    pools = Pools(Placement(worker, 10), clock, idle_s=10 * AGE_S)
    settled: list[Invocation] = []
    pools.pool(version_of()).assign(invocation(version_of(), settled))
    worker.made[0].ready()
    worker.made[0].finish()
    clock.time += AGE_S
    assert pools.reclaim() == 1
    assert worker.made[0].gone


def test_a_change_of_state_alone_keeps_the_environments() -> None:
    pools, _, _ = make()
    version = version_of()
    pool = pools.pool(version)
    assert pools.pool(version_of(revision_id="other", description="new words")) is pool
    assert pools.pool(version_of(revision_id="more", memory_mib=256)) is not pool


def test_another_functions_idle_environment_makes_room_when_the_host_is_full() -> None:
    clock = FakeClock()
    worker = FakeWorker(clock)
    pools = Pools(Placement(worker, 1), clock, idle_s=100)
    settled: list[Invocation] = []
    pools.pool(version_of("one")).assign(invocation(version_of("one"), settled))
    worker.made[0].ready()
    worker.made[0].finish()
    pools.pool(version_of("two")).assign(invocation(version_of("two"), settled))
    assert worker.made[0].gone
    assert len(worker.made) == 2


def test_a_full_host_without_an_idle_environment_throttles() -> None:
    clock = FakeClock()
    worker = FakeWorker(clock)
    pools = Pools(Placement(worker, 1), clock, idle_s=100)
    settled: list[Invocation] = []
    pools.pool(version_of("one")).assign(invocation(version_of("one"), settled))
    worker.made[0].ready()
    pools.pool(version_of("two")).assign(invocation(version_of("two"), settled))
    assert settled == []
    clock.time += ROOM_WAIT_S
    pools.look()
    assert str(settled[0].error) == "Rate Exceeded."
