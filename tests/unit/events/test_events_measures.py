"""What the queue tells of events: received, their age, dropped, and what was not delivered."""

from __future__ import annotations

import pytest

from lambdad.domain.errors import LambdadError
from lambdad.domain.event import Delivery, Lane, lane_of
from lambdad.domain.measured import Measured, Noted
from lambdad.domain.outcome import Outcome
from lambdad.domain.scope import Scope
from lambdad.events.policy import Policy
from lambdad.events.queue import EventQueue
from lambdad.ports.courier import Undeliverable
from lambdad.ports.invoker import InvokeRequest
from lambdad.ports.measures import Measures
from tests.fakes.event_stage import Functions, VirtualTime, failing, settle_down
from tests.fakes.events import FakeEvents

LANE = Lane(Scope(), "f", "live")
pytestmark = pytest.mark.asyncio


class Refusing:
    """A courier that never arrives."""

    async def bring(self, delivery: Delivery) -> None:
        raise Undeliverable("too large")


class Stage:
    def __init__(self, policy: Policy | None = None) -> None:
        self.time = VirtualTime()
        self.functions = Functions(self.time.clock)
        self.noted: list[Noted] = []
        self.policy = policy or Policy(max_retries=0)
        self.store = FakeEvents()
        self.queue = EventQueue(
            self.store,
            self.functions,
            self._policy,
            Refusing(),
            self.time.clock,
            ceiling=4,
            most=8,
            measures=Measures(lambda _: None, self.noted.append),
        )

    async def _policy(self, lane: Lane) -> Policy:
        return self.policy

    async def accept(self) -> None:
        def stored(error: LambdadError | None) -> None:
            assert error is None

        self.queue.accept(LANE, "id-1", b"{}", "Root=1", stored)
        await settle_down()

    @property
    def told(self) -> list[tuple[Measured, Lane, float]]:
        return [(what, lane, value) for what, lane, _, _, value in self.noted]


async def test_an_event_that_succeeds_was_received_and_had_an_age() -> None:
    stage = Stage()
    await stage.accept()
    assert stage.told == [(Measured.ASYNC_RECEIVED, LANE, 1.0), (Measured.ASYNC_AGE, LANE, 0.0)]
    await stage.queue.close()


async def test_the_age_of_an_event_is_what_it_waited_not_how_long_its_function_ran() -> None:
    stage = Stage()

    def held(_: InvokeRequest) -> None:
        return None

    stage.functions.answers["f"] = held
    await stage.accept()
    stage.time.clock.now_s += 40
    stage.functions.end("id-1", Outcome(b"1"))
    await settle_down()
    assert (Measured.ASYNC_AGE, LANE, 0.0) in stage.told
    await stage.queue.close()


async def test_an_event_that_never_succeeds_is_dropped() -> None:
    stage = Stage()
    stage.functions.answers["f"] = failing
    await stage.accept()
    assert stage.told[-1] == (Measured.ASYNC_DROPPED, LANE, 1.0)
    await stage.queue.close()


@pytest.mark.parametrize(
    ("policy", "what"),
    [
        (
            Policy(max_retries=0, on_failure="arn:aws:sqs:us-east-1:000000000000:q"),
            Measured.DESTINATION_FAILURES,
        ),
        (
            Policy(max_retries=0, dead_letter="arn:aws:sqs:us-east-1:000000000000:q"),
            Measured.DEAD_LETTER_ERRORS,
        ),
    ],
)
async def test_what_does_not_arrive_is_told_of_by_kind(policy: Policy, what: Measured) -> None:
    stage = Stage(policy)
    stage.functions.answers["f"] = failing
    await stage.accept()
    await settle_down()
    assert (what, LANE, 1.0) in stage.told
    await stage.queue.close()


@pytest.mark.parametrize("lane", [LANE, Lane(Scope(), "f"), Lane(Scope("1" * 12, "eu-west-1"), "g", "7")])
async def test_a_lane_is_found_again_by_its_arn(lane: Lane) -> None:
    assert lane_of(lane.scope, lane.arn) == lane
