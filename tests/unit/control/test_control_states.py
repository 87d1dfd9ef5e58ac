"""States and their settling: every pair of phases decided, every interruption survived."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from lambdad.control.settling import Settler
from lambdad.control.states import Phase, check_settled, enter, move, phase
from lambdad.domain.errors import Conflict
from lambdad.domain.function import LATEST, CodeKey, FunctionVersion, LoggingConfig, State, UpdateStatus
from lambdad.domain.scope import Scope
from tests.fakes.catalogue import FakeCatalogue
from tests.fakes.moments import HeldSleep
from tests.fakes.snapshots import FakeSnapshots

ALLOWED = {
    (Phase.BEING_CREATED, Phase.SETTLED),
    (Phase.BEING_CREATED, Phase.FAILED),
    (Phase.BEING_UPDATED, Phase.SETTLED),
    (Phase.SETTLED, Phase.BEING_UPDATED),
}


def version(to: Phase, name: str = "fn", number: str = LATEST) -> FunctionVersion:
    bare = FunctionVersion(
        scope=Scope(),
        name=name,
        version=number,
        role="arn:aws:iam::000000000000:role/r",
        runtime="python3.12",
        handler="a.b",
        timeout_s=3,
        memory_mib=128,
        ephemeral_mib=512,
        architecture="x86_64",
        environment=None,
        description="",
        code_sha256="s",
        code_bytes=1,
        code_key=CodeKey("k"),
        logging=LoggingConfig("Text", "g"),
        revision_id="",
        last_modified="",
        state=State.PENDING,
    )
    return enter(bare, to, "before")


@pytest.mark.parametrize(("now", "to"), list(itertools.product(Phase, Phase)))
def test_every_pair_of_phases_is_decided(now: Phase, to: Phase):
    if (now, to) in ALLOWED:
        moved = move(version(now), to, "after")
        assert phase(moved) is to
        assert moved.revision_id == "after"
    else:
        with pytest.raises(Conflict, match="The operation cannot be performed at this time"):
            move(version(now), to, "after")


def test_a_settled_version_is_active_and_successful():
    settled = version(Phase.SETTLED)
    assert (settled.state, settled.update_status) == (State.ACTIVE, UpdateStatus.SUCCESSFUL)
    assert (settled.state_reason, settled.update_reason) == (None, None)
    check_settled(settled)


class Settling:
    def __init__(self, catalogue: FakeCatalogue | None = None) -> None:
        self.catalogue = catalogue or FakeCatalogue()
        self.sleep = HeldSleep()
        self.settler = Settler(
            self.catalogue,
            snapshots=FakeSnapshots(),
            delay_s=0.25,
            new_id=map("r{}".format, itertools.count()).__next__,
            sleep=self.sleep,
        )

    async def settle(self) -> None:
        await self.sleep.release()
        await self.settler.settle_now()


async def test_nothing_settles_before_its_time():
    settling, new = Settling(), version(Phase.BEING_CREATED)
    await settling.catalogue.create(new, {})
    settling.settler.schedule(new)
    await asyncio.sleep(0)
    assert await settling.catalogue.read(new.scope, "fn") == new
    await settling.settle()
    settled = await settling.catalogue.read(new.scope, "fn")
    assert phase(settled) is Phase.SETTLED
    assert settling.sleep.delays == [0.25]


async def test_the_next_server_settles_what_the_last_one_left():
    settling = Settling()
    left = [version(Phase.BEING_CREATED, "a"), version(Phase.BEING_UPDATED, "b"), version(Phase.SETTLED, "c")]
    for each in left:
        await settling.catalogue.create(each, {})
    settling.settler.schedule(left[0])
    await asyncio.sleep(0)
    await settling.settler.close()
    assert len(await settling.catalogue.unsettled()) == 2
    successor = Settling(settling.catalogue)
    assert await successor.settler.resume() == 2
    await successor.settle()
    assert await settling.catalogue.unsettled() == []
    assert await settling.catalogue.read(Scope(), "c") == left[2]


async def test_a_function_deleted_meanwhile_stays_deleted():
    settling, new = Settling(), version(Phase.BEING_CREATED)
    await settling.catalogue.create(new, {})
    settling.settler.schedule(new)
    await settling.catalogue.delete_function(new.scope, "fn")
    await settling.settle()
    assert await settling.catalogue.read(new.scope, "fn") is None


async def test_a_function_made_anew_meanwhile_settles_too():
    settling, old = Settling(), version(Phase.BEING_CREATED)
    new = enter(old, Phase.BEING_CREATED, "anew")
    await settling.catalogue.create(new, {})
    settling.settler.schedule(old)
    await settling.settle()
    assert phase(await settling.catalogue.read(old.scope, "fn")) is Phase.SETTLED


async def test_a_broken_catalogue_is_reported_and_the_rest_settles(caplog):
    settling = Settling()
    bad, good = version(Phase.BEING_CREATED, "bad"), version(Phase.BEING_CREATED, "good")
    await settling.catalogue.create(good, {})
    replace = settling.catalogue.replace

    async def failing(new, *, expected_revision):
        if new.name == "bad":
            raise OSError("disk is gone")
        return await replace(new, expected_revision=expected_revision)

    settling.catalogue.replace = failing
    settling.settler.schedule(bad)
    settling.settler.schedule(good)
    await settling.sleep.release()
    with pytest.raises(OSError, match="disk is gone"):
        await settling.settler.settle_now()
    await settling.settler.settle_now()
    assert phase(await settling.catalogue.read(good.scope, "good")) is Phase.SETTLED
    assert [record.event for record in caplog.records] == ["settle.failed"]
