"""What the queue takes while the server ends."""

from __future__ import annotations

import asyncio

from lambdad.domain.errors import LambdadError
from lambdad.domain.event import Delivery, Lane
from lambdad.events.policy import Policy
from lambdad.events.queue import EventQueue
from tests.fakes.event_stage import LANE, Functions
from tests.fakes.events import FakeEvents
from tests.fakes.moments import FakeClock


async def plain(lane: Lane) -> Policy:
    return Policy()


class NoCourier:
    async def bring(self, delivery: Delivery) -> None:
        raise AssertionError("nothing is owed")


async def test_a_queue_that_stops_refuses_callers_and_keeps_what_is_of_its_own() -> None:
    store = FakeEvents()
    clock = FakeClock()
    queue = EventQueue(store, Functions(clock), plain, NoCourier(), clock, ceiling=1, most=2)
    await queue.start()
    queue.stop()
    answers: list[LambdadError | None] = []
    queue.accept(LANE, "r-1", b"{}", "", answers.append)
    queue.keep(LANE, "r-2", b"{}", "", answers.append)
    await asyncio.sleep(0.01)
    assert [str(answer) if answer else None for answer in answers] == ["The server is shutting down.", None]
    assert [event.request_id for event in store.events] == ["r-2"]
    await queue.close()
