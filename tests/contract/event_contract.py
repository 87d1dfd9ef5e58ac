"""What every store of asynchronous events does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest_asyncio

from lambdad.domain.errors import LambdadError
from lambdad.domain.event import Again, Backlog, Delivery, Ended, Event, Glimpse, Lane, Owed
from lambdad.domain.scope import Scope
from lambdad.ports.event_store import EventStore

HERE = Scope()
LANE = Lane(HERE, "f")
OTHER = Lane(HERE, "f", "live")


def event(number: int = 1, **changes: Any) -> Event:
    made = Event(LANE, f"request-{number}", b'{"n":%d}' % number, "Root=1", accepted_ms=number, due_ms=number)
    return replace(made, **changes)


def delivery(**changes: Any) -> Delivery:
    made = Delivery(
        HERE, "arn:aws:sqs:us-east-1:000000000000:q", b"{}", LANE.arn, "request-1", "Root=1", due_ms=5
    )
    return replace(made, **changes)


async def accepted(store: EventStore, *events: Event, free: bool = True) -> list[Event]:
    """Accept events and wait until they are stored; claimed by nobody unless `free` is False."""
    loop = asyncio.get_running_loop()
    waiting = [loop.create_future() for _ in events]
    given = [
        store.accept(one, lambda error, done=done: _settle(done, error))  # type: ignore[misc]
        for one, done in zip(events, waiting, strict=True)
    ]
    await asyncio.gather(*waiting)
    if free:
        store.release(given)
    return given


async def settled(store: EventStore, *settlements: Again | Ended) -> None:
    done = asyncio.get_running_loop().create_future()
    store.settle(settlements, lambda error: _settle(done, error))
    await done


async def delivered(store: EventStore, one: Delivery) -> None:
    done = asyncio.get_running_loop().create_future()
    store.delivered(one, lambda error: _settle(done, error))
    await done


def _settle(done: asyncio.Future[None], error: LambdadError | None) -> None:
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


async def claimed(store: EventStore, lane: Lane = LANE, now_ms: int = 10**6, limit: int = 100) -> list[Event]:
    return (await store.claim(lane, now_ms=now_ms, limit=limit)).events


class EventContract:
    def opened(self) -> AbstractAsyncContextManager[EventStore]:
        """A fresh store, closed at the end."""
        raise NotImplementedError

    @pytest_asyncio.fixture
    async def store(self) -> AsyncIterator[EventStore]:
        async with self.opened() as store:
            yield store

    async def test_an_event_comes_back_as_it_was_accepted(self, store: EventStore) -> None:
        whole = event(7, attempts=1, refusals=3, due_ms=9, trace="Root=1-x", payload=b"\x00 {}", tenant="t")
        given = (await accepted(store, whole))[0]
        assert given == replace(whole, id=given.id)
        assert given.id > 0
        assert await claimed(store) == [given]

    async def test_ids_rise_with_acceptance(self, store: EventStore) -> None:
        given = await accepted(store, event(3), event(2), event(1))
        assert given[0].id < given[1].id < given[2].id

    async def test_whoever_accepts_an_event_has_it(self, store: EventStore) -> None:
        given = await accepted(store, event(1), free=False)
        assert await claimed(store) == []
        store.release(given)
        assert await claimed(store) == given

    async def test_due_events_are_claimed_once_and_the_oldest_due_first(self, store: EventStore) -> None:
        await accepted(
            store, event(1, due_ms=30), event(2, due_ms=10), event(3, due_ms=20), event(4, due_ms=99)
        )
        first = await store.claim(LANE, now_ms=50, limit=2)
        assert [one.request_id for one in first.events] == ["request-2", "request-3"]
        assert first.next_due_ms == 30
        rest = await store.claim(LANE, now_ms=50, limit=2)
        assert [one.request_id for one in rest.events] == ["request-1"]
        assert rest.next_due_ms == 99
        assert await claimed(store, now_ms=50) == []

    async def test_claims_at_the_same_time_share_nothing(self, store: EventStore) -> None:
        await accepted(store, *(event(number) for number in range(40)))
        found = await asyncio.gather(*(claimed(store, limit=7) for _ in range(8)))
        ids = [one.id for some in found for one in some]
        assert len(ids) == len(set(ids)) == 40

    async def test_lanes_do_not_see_each_other(self, store: EventStore) -> None:
        await accepted(
            store, event(1), event(2, lane=OTHER), event(3, lane=Lane(Scope(region="eu-west-1"), "f"))
        )
        assert [one.request_id for one in await claimed(store, OTHER)] == ["request-2"]
        assert [one.request_id for one in await claimed(store)] == ["request-1"]
        assert await store.claim(Lane(HERE, "unknown"), now_ms=10**6, limit=5) == await store.claim(
            OTHER, now_ms=10**6, limit=5
        )

    async def test_an_event_to_be_tried_again_is_free_with_its_new_numbers(self, store: EventStore) -> None:
        given = (await accepted(store, event(1)))[0]
        await claimed(store)
        await settled(store, Again(given.id, due_ms=500, attempts=1, refusals=2))
        assert (await store.claim(LANE, now_ms=499, limit=5)).next_due_ms == 500
        assert await claimed(store, now_ms=500) == [replace(given, due_ms=500, attempts=1, refusals=2)]

    async def test_an_ended_event_is_gone_and_what_is_owed_is_there(self, store: EventStore) -> None:
        first, second = await accepted(store, event(1), event(2))
        await claimed(store)
        whole = delivery(
            attributes=(("RequestID", "String", "r"),), attempts=2, body=b"\x00", role="arn:aws:iam::1:role/r"
        )
        await settled(store, Ended(first.id, (whole, delivery(target="b", due_ms=4))), Ended(second.id))
        assert await store.backlogs() == []
        assert await store.next_delivery_ms() == 4
        found = await store.deliveries(now_ms=5, limit=10)
        assert [replace(one, id=0) for one in found] == [delivery(target="b", due_ms=4), whole]

    async def test_aged_events_are_taken_due_or_not(self, store: EventStore) -> None:
        given = await accepted(store, event(1, due_ms=10**9), event(2, due_ms=3), event(9, due_ms=1))
        found = await store.aged(LANE, accepted_before_ms=5, limit=10)
        assert sorted(one.id for one in found) == [given[0].id, given[1].id]
        assert [one.id for one in await claimed(store, now_ms=10**9)] == [given[2].id]
        assert await store.aged(Lane(HERE, "unknown"), accepted_before_ms=5, limit=10) == []

    async def test_backlogs_count_what_is_under_way_too(self, store: EventStore) -> None:
        await accepted(store, event(5, due_ms=70), event(6, due_ms=60), event(7, lane=OTHER))
        await claimed(store, limit=1)
        assert sorted(await store.backlogs(), key=lambda one: one.events) == [
            Backlog(OTHER, 1, 7, 7, paused=False),
            Backlog(LANE, 2, 5, 60, paused=False),
        ]

    async def test_the_first_events_are_seen_as_they_are_due_and_stay(self, store: EventStore) -> None:
        given = await accepted(
            store, event(5, due_ms=70), event(6, due_ms=60), event(7, due_ms=65), event(7, lane=OTHER)
        )
        await claimed(store, limit=1, now_ms=60)
        await settled(store, Again(given[1].id, due_ms=80, attempts=1, refusals=2))
        assert [(one.due_ms, one.attempts, one.refusals) for one in await store.first(LANE, 9)] == [
            (65, 0, 0),
            (70, 0, 0),
            (80, 1, 2),
        ]
        assert (await store.first(LANE, 1))[0] == Glimpse(given[2].request_id, 7, 65, 0, 0)
        assert await store.first(Lane(HERE, "unknown"), 9) == []

    async def test_a_lane_is_paused_until_it_goes_on(self, store: EventStore) -> None:
        await store.pause(LANE, paused=True)
        assert [(one.lane, one.events, one.paused) for one in await store.backlogs()] == [(LANE, 0, True)]
        await store.pause(LANE, paused=False)
        assert await store.backlogs() == []

    async def test_purging_leaves_what_is_under_way(self, store: EventStore) -> None:
        given = await accepted(store, event(1), event(2), event(3), event(4, lane=OTHER))
        await claimed(store, limit=1)
        assert await store.purge(LANE) == 2
        assert await store.purge(Lane(HERE, "unknown")) == 0
        store.release(given[:1])
        assert [one.id for one in await claimed(store)] == [given[0].id]
        assert len(await claimed(store, OTHER)) == 1

    async def test_a_delivery_is_owed_until_it_arrived(self, store: EventStore) -> None:
        given = (await accepted(store, event(1), free=False))[0]
        await settled(store, Ended(given.id, (delivery(),)))
        assert await store.deliveries(now_ms=4, limit=10) == []
        taken = (await store.deliveries(now_ms=5, limit=10))[0]
        assert await store.deliveries(now_ms=5, limit=10) == []
        assert await store.next_delivery_ms() is None
        store.owe(replace(taken, due_ms=50, attempts=1))
        while await store.next_delivery_ms() is None:
            await asyncio.sleep(0.001)
        assert await store.next_delivery_ms() == 50
        again = (await store.deliveries(now_ms=50, limit=10))[0]
        assert again == replace(taken, due_ms=50, attempts=1)
        await delivered(store, again)
        assert await store.deliveries(now_ms=10**9, limit=10) == []
        assert await store.next_delivery_ms() is None

    async def test_targets_can_be_left_out(self, store: EventStore) -> None:
        given = (await accepted(store, event(1), free=False))[0]
        owed = (delivery(target="a", due_ms=1), delivery(target="b", due_ms=2))
        await settled(store, Ended(given.id, owed))
        assert await store.next_delivery_ms(but={"a"}) == 2
        assert [one.target for one in await store.deliveries(now_ms=9, limit=9, but=["a"])] == ["b"]
        assert await store.next_delivery_ms(but={"a"}) is None

    async def test_what_is_owed_is_counted_by_target(self, store: EventStore) -> None:
        assert await store.owed_by_target() == []
        elsewhere = Scope("1" * 12, "eu-west-1")
        given = await accepted(store, event(1), event(2), free=False)
        owed = (delivery(target="a", due_ms=9), delivery(target="b", due_ms=7, attempts=2))
        await settled(store, Ended(given[0].id, owed), Ended(given[1].id, (delivery(target="a", due_ms=3),)))
        other = (await accepted(store, event(3), free=False))[0]
        await settled(store, Ended(other.id, (delivery(target="a", scope=elsewhere, due_ms=8),)))
        everything = [Owed(HERE, "a", 2, 0, 3), Owed(HERE, "b", 1, 2, 7), Owed(elsewhere, "a", 1, 0, 8)]
        assert await store.owed_by_target() == everything
        first = (await store.deliveries(now_ms=3, limit=1))[0]
        assert await store.owed_by_target() == everything, "what is under way is owed as well"
        await delivered(store, first)
        assert (await store.owed_by_target())[-1] == Owed(HERE, "a", 1, 0, 9)

    async def test_nothing_is_due_later_than_was_said(self, store: EventStore) -> None:
        given = await accepted(store, event(1, due_ms=1000), event(2, due_ms=5), event(3), free=False)
        await settled(store, Ended(given[2].id, (delivery(due_ms=999),)))
        store.release(given[:2])
        await store.not_later_than(10)
        assert [one.due_ms for one in await claimed(store, now_ms=10)] == [5, 10]
        assert await store.next_delivery_ms() == 10

    async def test_what_a_clock_accepted_that_was_ahead_counts_from_now_on(self, store: EventStore) -> None:
        await accepted(
            store,
            event(1, accepted_ms=50, due_ms=60),
            event(2, accepted_ms=900, due_ms=900),
            event(3, accepted_ms=1000, due_ms=1060),
        )
        await store.not_accepted_after(100)
        found = await claimed(store, now_ms=200)
        assert [(one.accepted_ms, one.due_ms) for one in found] == [(50, 60), (100, 100), (100, 160)]
