"""What is owed is brought, again and again, and no target keeps another waiting; in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from lambdad.domain.event import Delivery
from lambdad.domain.scope import Scope
from lambdad.events.delivering import GIVEN_UP_AFTER, Deliverer
from lambdad.events.steady import SteadyClock
from lambdad.ports.courier import NotAllowed, NotDelivered, Undeliverable
from tests.fakes.event_stage import LANE, VirtualTime, settle_down
from tests.fakes.events import FakeEvents

pytestmark = pytest.mark.asyncio
HOUR = 3600.0


class Scene:
    """A deliverer whose targets are up or down."""

    def __init__(self) -> None:
        self.time, self.store = VirtualTime(), FakeEvents()
        self.down: set[str] = set()
        self.hanging: set[str] = set()
        self.never: set[bytes] = set()
        self.forbidden: set[bytes] = set()
        self.tried: list[tuple[float, str]] = []
        self.arrived: list[str] = []
        self.failures: list[bool] = []
        self.deliverer = self.new()

    def new(self) -> Deliverer:
        clock = SteadyClock(self.time.clock)
        return Deliverer(self.store, self, clock, lambda _, up: self.failures.append(up), self.time.later)

    async def bring(self, delivery: Delivery) -> None:
        self.tried.append((self.time.clock.now_s, delivery.target))
        if delivery.target in self.hanging:
            await asyncio.Event().wait()
        if delivery.body in self.never:
            raise Undeliverable("it is too large")
        if delivery.body in self.forbidden:
            raise NotAllowed("the role may not")
        if delivery.target in self.down:
            raise NotDelivered("it is down")
        self.arrived.append(delivery.body.decode())

    async def owe(self, *names: str) -> None:
        """Owe a message to each target named."""
        now_ms = SteadyClock(self.time.clock).now_ms()
        for name in names:
            self.store._last += 1
            number = self.store._last
            body = f"{name}{number}".encode()
            self.store.owed[number] = Delivery(
                Scope(), name, body, LANE.arn, "request-1", "Root=1", now_ms, id=number
            )
        self.deliverer.wake()
        await settle_down()


async def test_what_is_owed_arrives_once() -> None:
    scene = Scene()
    await scene.owe(*["q"] * 50, "t")
    await scene.time.pass_by(1)
    assert len(scene.arrived) == len(set(scene.arrived)) == 51
    assert scene.store.owed == {}


async def test_an_endpoint_that_is_down_for_an_hour_gets_everything_afterwards() -> None:
    scene = Scene()
    scene.down = {"q"}
    await scene.owe(*["q"] * 200)
    await scene.time.pass_by(HOUR)
    assert scene.arrived == []
    assert len(scene.tried) < 200, "it is asked seldom"
    scene.down.clear()
    await scene.time.pass_by(700)
    assert len(scene.arrived) == len(set(scene.arrived)) == 200
    assert scene.store.owed == {}


async def test_a_target_that_is_down_keeps_no_other_waiting() -> None:
    scene = Scene()
    scene.down = {"q"}
    scene.hanging = {"h"}
    await scene.owe(*["q", "h"] * 100, *["t"] * 100)
    await scene.time.pass_by(2)
    assert sum(body.startswith("t") for body in scene.arrived) == 100
    await scene.deliverer.close()
    assert len(scene.store.owed) == 200


async def test_it_is_given_up_after_about_six_hours() -> None:
    scene = Scene()
    scene.down = {"q"}
    await scene.owe("q")
    await scene.time.pass_by(5 * HOUR)
    assert len(scene.store.owed) == 1
    await scene.time.pass_by(2 * HOUR)
    assert scene.store.owed == {}
    assert scene.failures == [False] * (GIVEN_UP_AFTER - 1) + [True]


async def test_what_was_owed_in_the_last_life_is_brought_in_the_next() -> None:
    scene = Scene()
    scene.hanging = {"q"}
    await scene.owe("q", "q")
    await scene.deliverer.close()
    scene.store._out.clear()  # what taking is worth once its process is gone
    scene.hanging.clear()
    scene.deliverer = scene.new()
    scene.deliverer.wake()
    await scene.time.pass_by(1)
    assert len(scene.arrived) == 2


async def test_a_store_that_cannot_be_read_is_asked_again() -> None:
    scene = Scene()
    real = scene.store.deliveries

    async def broken(**_: object) -> list[Delivery]:
        raise OSError("disk")

    scene.store.deliveries = broken  # type: ignore[method-assign, assignment]
    await scene.owe("q")
    scene.store.deliveries = real  # type: ignore[method-assign]
    await scene.time.pass_by(60)
    assert len(scene.arrived) == 1


async def test_why_a_target_takes_nothing_is_known_until_it_does() -> None:
    scene = Scene()
    assert scene.deliverer.trouble("q") == (None, 0)
    scene.down = {"q"}
    await scene.owe("q", "t")
    error, blocked_until_ms = scene.deliverer.trouble("q")
    assert error == "it is down"
    assert blocked_until_ms == SteadyClock(scene.time.clock).now_ms() + 1000
    assert scene.deliverer.trouble("t") == (None, 0)
    scene.down.clear()
    await scene.time.pass_by(10)
    assert scene.deliverer.trouble("q") == (None, 0)


async def test_what_can_never_arrive_is_given_up_at_once_and_holds_nothing_up() -> None:
    scene = Scene()
    scene.never = {b"q1"}
    await scene.owe("q", "q", "q")
    assert sorted(scene.arrived) == ["q2", "q3"]
    assert scene.failures == [True]
    assert scene.store.owed == {}
    assert scene.deliverer.trouble("q") == (None, 0)


async def test_what_a_role_may_not_send_keeps_nothing_else_of_its_target_waiting() -> None:
    scene = Scene()
    scene.forbidden = {b"q1", b"q2"}
    await scene.owe(*["q"] * 20)
    await settle_down()
    assert len(scene.arrived) == 18, "at once, though those before were refused"
    assert scene.deliverer.trouble("q") == (None, 0)
    scene.forbidden.clear()
    await scene.time.pass_by(60)
    assert len(scene.arrived) == len(set(scene.arrived)) == 20
