"""The state manager: from what the catalogue says to pollers that run, over restarts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from lambdad.domain.errors import InvalidParameter, ResourceInUse, ServiceFault
from lambdad.domain.event_source_mapping import MAPPINGS, EventSourceMapping, place_of
from lambdad.domain.event_sources import SourceKind
from lambdad.domain.mapping_states import Change, MappingState
from lambdad.ports.event_sources import PollerReport, StartFrom
from lambdad.sources.manager import NOT_POLLED, StateManager
from tests.fakes.catalogue import FakeCatalogue
from tests.fakes.queue_stage import FUNCTION, HERE, QUEUE, VirtualSleep
from tests.fakes.worker import version_of

UUID = "00000000-0000-4000-8000-000000000001"
S = MappingState


class FakePoller:
    def __init__(self, mapping: EventSourceMapping) -> None:
        self.mapping = mapping
        self.is_running = False
        self.function_changes = 0
        self.may_stop = asyncio.Event()
        self.may_stop.set()

    def start(self) -> None:
        self.is_running = True

    async def stop(self, *, at_once: bool = False) -> None:
        await self.may_stop.wait()
        self.is_running = False

    def function_changed(self) -> None:
        self.function_changes += 1

    def report(self) -> PollerReport:
        return PollerReport("OK")

    async def lag(self) -> int | None:
        return 7


class FakeMaker:
    def __init__(self) -> None:
        self.made: list[FakePoller] = []
        self.reason: str | None = None
        self.forgotten: list[str] = []
        self.resets: list[StartFrom] = []

    def poller(self, scope: Any, mapping: EventSourceMapping) -> FakePoller:
        self.made.append(FakePoller(mapping))
        return self.made[-1]

    def not_polled(self) -> str | None:
        return self.reason

    async def admit(self, scope: Any, mapping: EventSourceMapping, version: Any) -> None:
        raise InvalidParameter("no")

    async def forget(self, scope: Any, mapping: EventSourceMapping) -> None:
        self.forgotten.append(mapping.uuid)

    async def reset(self, scope: Any, mapping: EventSourceMapping, start: StartFrom) -> None:
        assert not self.running
        self.resets.append(start)

    @property
    def running(self) -> list[FakePoller]:
        return [one for one in self.made if one.is_running]


class Stage:
    def __init__(self) -> None:
        self.resources = FakeCatalogue().resources
        self.sleep = VirtualSleep()
        self.maker = FakeMaker()
        self.manager = self.new_manager()

    def new_manager(self) -> StateManager:
        return StateManager(
            self.resources, {SourceKind.SQS: self.maker}, sleep=self.sleep, settle_delay_s=0.2
        )

    async def put(self, state: MappingState, **changes: Any) -> None:
        mapping = EventSourceMapping(UUID, SourceKind.SQS, FUNCTION, QUEUE, {"BatchSize": 10}, True, state, 0)
        made = replace(mapping, **changes)
        await self.resources.change(MAPPINGS, place_of(HERE, UUID), lambda _: made)
        self.manager.changed(HERE, UUID)

    async def change(self, change: Change, **changes: Any) -> None:
        def decide(mapping: EventSourceMapping | None) -> EventSourceMapping | None:
            assert mapping is not None
            moved = mapping.moved(change)
            return moved and replace(moved, **changes)

        await self.resources.change(MAPPINGS, place_of(HERE, UUID), decide)
        self.manager.changed(HERE, UUID)

    async def read(self) -> EventSourceMapping | None:
        return await self.resources.read(MAPPINGS, place_of(HERE, UUID))

    async def state(self) -> MappingState | None:
        mapping = await self.read()
        return mapping and mapping.state


@pytest_asyncio.fixture
async def stage():
    made = Stage()
    yield made
    for poller in made.maker.made:
        poller.may_stop.set()
    await made.manager.close()


async def test_a_new_mapping_is_polled_and_enabled_a_moment_later(stage):
    await stage.put(S.CREATING)
    await stage.sleep.pass_by(0.1)
    assert await stage.state() is S.CREATING
    await stage.sleep.pass_by(0.2)
    assert await stage.state() is S.ENABLED
    assert len(stage.maker.running) == 1
    assert stage.manager.last_result(UUID) == "OK"
    assert await stage.manager.lag(UUID) == 7


async def test_a_mapping_is_disabled_when_what_was_read_is_settled(stage):
    await stage.put(S.ENABLED)
    await stage.sleep.pass_by(1)
    stage.maker.made[0].may_stop.clear()
    await stage.change(Change.DISABLE, is_wanted=False)
    await stage.sleep.pass_by(60)
    assert await stage.state() is S.DISABLING
    stage.maker.made[0].may_stop.set()
    await stage.sleep.pass_by(1)
    assert await stage.state() is S.DISABLED
    assert stage.maker.running == []
    assert stage.manager.last_result(UUID) == "OK"
    await stage.change(Change.ENABLE, is_wanted=True)
    await stage.sleep.pass_by(1)
    assert await stage.state() is S.ENABLED
    assert len(stage.maker.running) == 1


async def test_an_update_makes_another_poller_only_where_it_polls_otherwise(stage):
    await stage.put(S.ENABLED)
    await stage.sleep.pass_by(1)
    await stage.change(Change.UPDATE, tags={"a": "b"})
    await stage.sleep.pass_by(1)
    assert len(stage.maker.made) == 1
    await stage.change(Change.UPDATE, settings={"BatchSize": 1})
    await stage.sleep.pass_by(1)
    assert await stage.state() is S.ENABLED
    assert [one.mapping.settings for one in stage.maker.running] == [{"BatchSize": 1}]


async def test_a_mapping_that_is_deleted_is_gone_when_nothing_reads_its_source(stage):
    await stage.put(S.ENABLED)
    await stage.sleep.pass_by(1)
    await stage.change(Change.DELETE)
    assert await stage.state() is S.DELETING
    await stage.sleep.pass_by(1)
    assert await stage.state() is None
    assert stage.maker.running == []


@pytest.mark.parametrize(
    ("state", "then"),
    [
        (S.CREATING, S.ENABLED),
        (S.ENABLING, S.ENABLED),
        (S.UPDATING, S.ENABLED),
        (S.ENABLED, S.ENABLED),
        (S.DELETING, None),
    ],
)
async def test_a_server_goes_on_where_the_last_was_killed(stage, state, then):
    await stage.put(state)
    stage.manager = stage.new_manager()
    await stage.manager.start()
    await stage.sleep.pass_by(1)
    assert await stage.state() is then


async def test_what_is_to_be_disabled_stays_so_over_a_restart(stage):
    await stage.put(S.DISABLING, is_wanted=False)
    await stage.manager.close()
    stage.manager = stage.new_manager()
    await stage.manager.start()
    await stage.sleep.pass_by(1)
    assert await stage.state() is S.DISABLED
    assert stage.maker.running == []


async def test_a_mapping_that_could_not_be_polled_is_enabled_once_it_can(stage):
    await stage.put(S.DISABLED)
    stage.manager = stage.new_manager()
    await stage.manager.start()
    await stage.sleep.pass_by(1)
    assert await stage.state() is S.ENABLED


async def test_a_mapping_that_can_no_longer_be_polled_is_disabled_at_the_start(stage):
    stage.maker.reason = "nothing there"
    await stage.put(S.ENABLED)
    await stage.sleep.pass_by(1)
    assert await stage.state() is S.DISABLED
    assert stage.maker.made == []


async def test_kinds_without_a_maker_are_not_polled_and_admit_everything(stage):
    assert stage.manager.not_polled(SourceKind.KINESIS) == NOT_POLLED
    assert stage.manager.not_polled(SourceKind.SQS) is None
    mapping = EventSourceMapping(UUID, SourceKind.KINESIS, FUNCTION, None, {}, True, S.DISABLED, 0)
    await stage.manager.admit(HERE, mapping, version_of("f", scope=HERE))
    with pytest.raises(InvalidParameter):
        await stage.manager.admit(HERE, replace(mapping, kind=SourceKind.SQS), version_of("f", scope=HERE))


async def test_pollers_hear_of_changes_of_their_function_only(stage):
    await stage.put(S.ENABLED)
    await stage.sleep.pass_by(1)
    stage.manager.function_changed(HERE, "other")
    assert stage.maker.made[0].function_changes == 0
    stage.manager.function_changed(HERE, "f")
    assert stage.maker.made[0].function_changes == 1


async def test_a_catalogue_that_cannot_be_written_is_asked_again(stage, monkeypatch):
    await stage.put(S.CREATING)
    whole, failures = stage.resources.change, [ServiceFault("full"), ServiceFault("full")]

    async def change(*given: Any) -> Any:
        if failures:
            raise failures.pop()
        return await whole(*given)

    monkeypatch.setattr(stage.resources, "change", change)
    await stage.sleep.pass_by(1)
    assert await stage.state() is S.CREATING
    await stage.sleep.pass_by(20)
    assert await stage.state() is S.ENABLED
    assert len(stage.maker.running) == 1


async def test_after_stop_nothing_is_begun(stage):
    await stage.put(S.ENABLED)
    await stage.sleep.pass_by(1)
    stage.manager.stop()
    await stage.put(S.CREATING)
    await stage.sleep.pass_by(5)
    assert stage.maker.running == []
    assert await stage.state() is S.CREATING


async def test_a_reset_ends_the_poller_moves_its_checkpoint_and_begins_another(stage):
    await stage.put(S.ENABLED)
    await stage.sleep.pass_by(1)
    mapping = await stage.read()
    await stage.manager.reset(mapping, HERE, StartFrom("LATEST"))
    await stage.sleep.pass_by(1)
    assert stage.maker.resets == [StartFrom("LATEST")]
    assert len(stage.maker.made) == 2
    assert len(stage.maker.running) == 1


async def test_a_mapping_that_is_being_changed_is_not_reset(stage):
    await stage.put(S.ENABLED)
    await stage.sleep.pass_by(1)
    stage.maker.made[0].may_stop.clear()
    await stage.change(Change.DISABLE, is_wanted=False)
    await stage.sleep.pass_by(1)
    with pytest.raises(ResourceInUse):
        await stage.manager.reset(await stage.read(), HERE, StartFrom("LATEST"))
    assert stage.maker.resets == []
    stage.maker.made[0].may_stop.set()
    await stage.sleep.pass_by(1)


async def test_nothing_is_kept_of_a_mapping_that_is_deleted(stage):
    await stage.put(S.ENABLED)
    await stage.sleep.pass_by(1)
    await stage.change(Change.DELETE)
    await stage.sleep.pass_by(1)
    assert stage.maker.forgotten == [UUID]
    assert stage.manager.last_result(UUID) is None


async def test_kinds_that_are_not_offered_are_refused_by_name(stage):
    words = {SourceKind.MQ: "lambdad does not offer Amazon MQ brokers as event sources."}
    manager = StateManager(stage.resources, {}, refused=words)
    mapping = EventSourceMapping(UUID, SourceKind.MQ, FUNCTION, "arn", {}, True, S.CREATING, 0)
    with pytest.raises(InvalidParameter, match="^lambdad does not offer Amazon MQ brokers"):
        await manager.admit(HERE, mapping, version_of("f"))
    await manager.admit(HERE, replace(mapping, kind=SourceKind.MSK), version_of("f"))
