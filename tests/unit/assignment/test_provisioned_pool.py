"""Environments that are kept for a version: there before the first event, and again after every loss."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lambdad.assignment.pools import Pools
from lambdad.domain.errors import LambdadError
from lambdad.domain.function import FunctionVersion
from lambdad.domain.invocation import Invocation, Target
from lambdad.domain.limits import PROVISIONED_STARTS, ROOM_WAIT_S
from lambdad.domain.platform_events import ON_DEMAND, PROVISIONED
from lambdad.domain.provisioned import Allocation, ProvisionedStatus
from lambdad.placement.capacity import Placement
from tests.fakes.environments import AGE_S, FakeEnvironment, FakeWorker
from tests.fakes.worker import FakeClock, version_of
from tests.forms import examples

S = ProvisionedStatus
VERSION = version_of(version="1")


class Scene:
    """Pools on a fake worker, with one version that is provisioned."""

    def __init__(self, most: int = 20) -> None:
        self.clock = FakeClock()
        self.worker = FakeWorker(self.clock)
        self.placement = Placement(self.worker, most)
        self.pools = Pools(self.placement, self.clock, idle_s=100)
        self.settled: list[Invocation] = []
        self.asked = 0

    @property
    def living(self) -> list[FakeEnvironment]:
        return [one for one in self.worker.made if not one.gone]

    @property
    def kept(self) -> list[FakeEnvironment]:
        return [one for one in self.living if one.initialization_type == PROVISIONED]

    @property
    def spilled(self) -> list[FakeEnvironment]:
        return [one for one in self.living if one.initialization_type == ON_DEMAND]

    @property
    def starting(self) -> list[FakeEnvironment]:
        return [one for one in self.living if one.idle_since == 0.0]

    @property
    def busy(self) -> list[FakeEnvironment]:
        return [one for one in self.living if one.current is not None]

    @property
    def errors(self) -> list[LambdadError]:
        return [one.error for one in self.settled if one.error is not None]

    def allocation(self) -> Allocation:
        found = self.pools.allocation(VERSION.scope, VERSION.name, VERSION.version)
        assert found is not None
        return found

    def provide(self, requested: int) -> None:
        self.pools.provide(VERSION, requested)

    def withdraw(self) -> None:
        self.pools.withdraw(VERSION.scope, VERSION.name, VERSION.version)

    def provided(self, requested: int) -> None:
        """Provide, and let everything come up."""
        self.provide(requested)
        self.come_up()

    def come_up(self) -> None:
        while self.starting:
            self.starting[0].ready()

    def invoke(self, version: FunctionVersion = VERSION) -> None:
        self.asked += 1
        target = Target(version, "arn")
        invocation = Invocation(target, f"id-{self.asked}", b"{}", "", self.settled.append)
        self.pools.pool(version).assign(invocation)

    def passes(self, seconds: float) -> None:
        self.clock.time += seconds
        self.pools.reclaim()
        self.pools.look()


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_it_is_ready_when_as_many_as_asked_for_are_initialised(scene: Scene):
    scene.provide(2)
    assert scene.allocation() == Allocation(S.IN_PROGRESS, 0)
    scene.starting[0].ready()
    assert scene.allocation() == Allocation(S.IN_PROGRESS, 1)
    scene.starting[0].ready()
    assert scene.allocation() == Allocation(S.READY, 2)


def test_many_are_started_a_few_at_a_time(scene: Scene):
    scene.provide(PROVISIONED_STARTS + 3)
    assert len(scene.starting) == PROVISIONED_STARTS
    scene.come_up()
    assert scene.allocation() == Allocation(S.READY, PROVISIONED_STARTS + 3)


def test_the_first_event_finds_one_that_is_initialised(scene: Scene):
    scene.provided(1)
    scene.invoke()
    assert scene.kept[0].current is not None
    assert scene.spilled == []


def test_what_is_beyond_them_spills_over_and_they_are_taken_first_again(scene: Scene):
    scene.provided(1)
    scene.invoke()
    scene.invoke()
    scene.come_up()
    assert len(scene.busy) == 2
    for one in scene.busy:
        one.finish()
    scene.clock.time += 1
    scene.invoke()
    assert [one.initialization_type for one in scene.busy] == [PROVISIONED]


def test_they_are_not_ended_when_nobody_uses_them(scene: Scene):
    scene.provided(2)
    before = scene.kept
    scene.passes(AGE_S / 2)
    assert scene.kept == before


def test_they_are_not_ended_to_make_room_for_others():
    scene = Scene(most=2)
    scene.provided(2)
    scene.invoke(version_of("other"))
    scene.passes(ROOM_WAIT_S)
    assert len(scene.kept) == 2
    assert [type(error).__name__ for error in scene.errors] == ["Throttled"]


def test_idle_environments_on_demand_make_room_for_them():
    scene = Scene(most=1)
    scene.invoke(version_of("other"))
    scene.come_up()
    scene.busy[0].finish()
    scene.provided(1)
    assert scene.spilled == []
    assert scene.allocation() == Allocation(S.READY, 1)


def test_without_room_they_wait_until_there_is_some():
    scene = Scene(most=1)
    scene.invoke(version_of("other"))
    scene.come_up()
    scene.provide(1)
    scene.passes(1)
    assert scene.allocation() == Allocation(S.IN_PROGRESS, 0)
    scene.busy[0].finish()
    scene.passes(1)
    scene.come_up()
    assert scene.allocation() == Allocation(S.READY, 1)


def test_more_than_the_host_can_hold_fails_and_says_so():
    scene = Scene(most=2)
    scene.provided(3)
    found = scene.allocation()
    assert (found.status, found.initialised) == (S.FAILED, 2)
    assert found.reason == "This host holds at most 2 execution environments (max_environments)."
    scene.provide(2)
    assert scene.allocation() == Allocation(S.READY, 2)


def test_environments_on_demand_from_before_end_after_their_events(scene: Scene):
    scene.invoke()
    scene.invoke()
    scene.come_up()
    first, second = scene.busy
    first.finish()
    scene.provided(1)
    assert (first.gone, second.gone) == (True, False)
    second.finish()
    assert scene.spilled == []
    assert len(scene.kept) == 1


def test_one_that_is_reset_during_an_event_is_replaced_at_once(scene: Scene):
    scene.provided(1)
    old = scene.kept[0]
    scene.invoke()
    old.reset()
    assert old.gone
    assert len(scene.starting) == 1
    assert scene.allocation() == Allocation(S.READY, 0)
    scene.come_up()
    assert scene.allocation() == Allocation(S.READY, 1)


def test_one_that_ends_during_an_event_is_replaced_at_once(scene: Scene):
    scene.provided(1)
    scene.invoke()
    scene.kept[0].crash()
    assert len(scene.starting) == 1


def test_one_that_falls_over_while_idle_takes_no_event(scene: Scene):
    scene.provided(2)
    scene.kept[1].fall_over()
    scene.invoke()
    assert len(scene.busy) == 1
    assert len(scene.kept) == 1


def test_one_that_falls_over_while_idle_is_found_and_replaced(scene: Scene):
    scene.provided(1)
    scene.invoke()
    scene.kept[0].finish()
    scene.kept[0].fall_over()
    scene.passes(1)
    scene.come_up()
    scene.invoke()
    assert len(scene.busy) == 1


def test_one_that_nears_its_age_goes_on_until_another_one_is_initialised(scene: Scene):
    scene.provided(1)
    old = scene.kept[0]
    scene.passes(AGE_S * 0.95)
    assert (old.gone, len(scene.starting)) == (False, 1)
    scene.come_up()
    assert old.gone
    assert scene.allocation() == Allocation(S.READY, 1)


def test_a_busy_one_that_nears_its_age_ends_after_its_event(scene: Scene):
    scene.provided(1)
    old = scene.kept[0]
    scene.invoke()
    scene.passes(AGE_S * 0.95)
    scene.come_up()
    assert not old.gone
    old.finish()
    assert old.gone
    assert len(scene.kept) == 1


def test_one_that_is_too_old_takes_no_event(scene: Scene):
    scene.provided(1)
    old = scene.kept[0]
    scene.clock.time += AGE_S
    scene.invoke()
    assert old.gone
    scene.come_up()
    assert len(scene.busy) == 1


def test_one_that_was_ended_without_ever_being_used_is_no_failure(scene: Scene):
    scene.provided(1)
    scene.passes(AGE_S * 0.95)
    scene.come_up()
    scene.invoke()
    scene.kept[0].reset()
    assert len(scene.starting) == 1, "without a pause"


def test_on_a_full_host_a_call_waits_for_one_that_is_busy():
    scene = Scene(most=1)
    scene.provided(1)
    scene.invoke()
    scene.invoke()
    assert scene.errors == []
    scene.kept[0].finish()
    assert len(scene.busy) == 1
    scene.kept[0].finish()
    assert len(scene.settled) == 2


def test_an_init_that_fails_is_tried_again_after_a_growing_pause_and_then_is_failed(scene: Scene):
    scene.provide(1)
    for pause, status in ((1, S.IN_PROGRESS), (2, S.IN_PROGRESS), (4, S.FAILED)):
        scene.starting[0].fail_init()
        assert scene.allocation().status is status
        scene.passes(pause - 0.5)
        assert scene.living == []
        scene.passes(0.5)
        assert len(scene.starting) == 1
    assert scene.allocation().reason == "FUNCTION_ERROR_INIT_FAILURE"
    scene.come_up()
    assert scene.allocation() == Allocation(S.READY, 1)


def test_one_that_cannot_be_made_says_why(scene: Scene):
    scene.provide(1)
    for _ in range(3):
        scene.starting[0].fail_making()
        scene.passes(5)
    assert scene.allocation() == Allocation(S.FAILED, 0, "no")


def test_init_that_succeeds_and_processes_that_end_before_any_event_are_a_failure(scene: Scene):
    scene.provide(1)
    for _ in range(3):
        scene.starting[0].ready()
        scene.living[0].fall_over()
        scene.passes(5)
        scene.passes(5)
    assert scene.allocation().status is S.FAILED


def test_a_failed_init_is_nobodys_error(scene: Scene):
    scene.provide(1)
    scene.invoke()
    kept, spilled = scene.living
    kept.fail_making()
    assert scene.errors == []
    spilled.ready()
    assert spilled.current is not None


def test_another_number_begins_anew(scene: Scene):
    scene.provided(1)
    scene.provide(3)
    assert scene.allocation() == Allocation(S.IN_PROGRESS, 1)
    scene.come_up()
    assert scene.allocation() == Allocation(S.READY, 3)
    scene.provide(1)
    assert scene.allocation() == Allocation(S.READY, 1)
    assert len(scene.kept) == 1


def test_fewer_end_busy_ones_after_their_events(scene: Scene):
    scene.provided(2)
    scene.invoke()
    scene.invoke()
    scene.provide(1)
    assert len(scene.kept) == 2
    scene.busy[0].finish()
    assert len(scene.kept) == 1


def test_withdrawn_they_end_and_the_next_event_starts_one_on_demand(scene: Scene):
    scene.provided(2)
    scene.invoke()
    busy = scene.busy[0]
    scene.withdraw()
    assert scene.living == [busy]
    busy.finish()
    assert scene.living == []
    assert scene.pools.allocation(VERSION.scope, VERSION.name, "1") is None
    scene.invoke()
    assert [one.initialization_type for one in scene.living] == [ON_DEMAND]


def test_withdrawn_while_it_starts_it_ends_at_once(scene: Scene):
    scene.provide(1)
    scene.withdraw()
    assert scene.living == []


def test_withdrawn_those_that_others_wait_for_go_on_starting(scene: Scene):
    scene.provide(1)
    scene.invoke()
    scene.withdraw()
    assert [one.initialization_type for one in scene.living] == [ON_DEMAND]
    scene.come_up()
    assert len(scene.busy) == 1


def test_fewer_end_those_that_still_start(scene: Scene):
    scene.provide(3)
    scene.starting[0].ready()
    scene.provide(1)
    assert scene.starting == []
    assert scene.allocation() == Allocation(S.READY, 1)


def test_drained_they_are_replaced(scene: Scene):
    scene.provided(2)
    before = scene.kept
    scene.pools.retire_all()
    assert all(one.gone for one in before)
    scene.come_up()
    assert scene.allocation() == Allocation(S.READY, 2)


def test_a_closed_pool_replaces_nothing(scene: Scene):
    scene.provided(2)
    scene.pools.close()
    for one in scene.kept:
        one.crash()
    scene.passes(1)
    assert scene.living == []


MAX = 4


class ProvisionedMachine(RuleBasedStateMachine):
    """Any order of events: the books are right, nobody waits for nothing, and in the end all are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene(most=MAX)
        self.requested = 0

    @rule(requested=st.integers(1, 3))
    def provide(self, requested: int) -> None:
        self.requested = requested
        self.scene.provide(requested)

    @rule()
    def withdraw(self) -> None:
        self.requested = 0
        self.scene.withdraw()

    @rule(name=st.sampled_from(["hello", "other"]))
    def invoke(self, name: str) -> None:
        self.scene.invoke(version_of(name, version="1"))

    @precondition(lambda self: self.scene.starting)
    @rule(data=st.data(), how=st.sampled_from(["ready", "fail_making", "fail_init"]))
    def start_ends(self, data: st.DataObject, how: str) -> None:
        getattr(data.draw(st.sampled_from(self.scene.starting)), how)()

    @precondition(lambda self: self.scene.busy)
    @rule(data=st.data(), how=st.sampled_from(["finish", "crash", "reset"]))
    def event_ends(self, data: st.DataObject, how: str) -> None:
        getattr(data.draw(st.sampled_from(self.scene.busy)), how)()

    @precondition(lambda self: self.idle())
    @rule(data=st.data())
    def idle_one_falls_over(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.idle())).fall_over()

    @rule(seconds=st.integers(0, 1_200))
    def time_passes(self, seconds: int) -> None:
        self.scene.passes(seconds)

    @rule()
    def drain(self) -> None:
        self.scene.pools.retire_all()

    def idle(self) -> list[FakeEnvironment]:
        taken = [*self.scene.busy, *self.scene.starting]
        return [one for one in self.scene.living if one not in taken]

    @invariant()
    def the_limit_holds_and_the_books_are_right(self) -> None:
        assert len(self.scene.living) <= MAX
        assert self.scene.placement.environments == len(self.scene.living)

    @invariant()
    def nobody_is_settled_twice(self) -> None:
        assert len({one.request_id for one in self.scene.settled}) == len(self.scene.settled)

    @invariant()
    def whoever_waits_has_an_environment(self) -> None:
        waiting = self.scene.asked - len(self.scene.settled) - len(self.scene.busy)
        assert waiting >= 0
        assert not waiting or self.scene.living

    def teardown(self) -> None:
        for _ in range(20 + 10 * self.scene.asked):
            self.scene.come_up()
            for one in self.scene.busy:
                one.finish()
            self.scene.passes(1)
        assert len(self.scene.settled) == self.scene.asked
        self.scene.passes(300)
        self.scene.come_up()
        self.scene.passes(1)
        self.scene.come_up()  # a replacement that the last second has begun
        if self.requested:
            assert self.scene.allocation() == Allocation(S.READY, self.requested)
        assert len(self.scene.kept) == self.requested
        super().teardown()


TestProvisionedMachine = ProvisionedMachine.TestCase
TestProvisionedMachine.settings = settings(max_examples=examples(80), stateful_step_count=30, deadline=None)
