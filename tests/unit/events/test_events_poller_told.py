"""What a poller tells of itself, and what it does with events of loops; in virtual time."""

from __future__ import annotations

import pytest

from lambdad.domain.errors import RecursiveInvocation, Throttled
from lambdad.domain.event import Condition, Event
from lambdad.events.books import Books
from lambdad.events.decisions import Over
from lambdad.events.policy import Policy
from tests.fakes.event_stage import LANE, Stage, failing
from tests.fakes.events import FakeEvents

pytestmark = pytest.mark.asyncio
QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"


async def test_an_event_of_a_loop_is_tried_once_and_told() -> None:
    stage = Stage()
    stage.policies["f"] = Policy(on_failure=QUEUE, dead_letter=QUEUE)
    stage.functions.answers["f"] = lambda _: RecursiveInvocation()
    ids = await stage.accept()
    await stage.time.pass_by(3600)
    assert len(stage.functions.calls) == 1
    assert stage.over == {ids[0]: Over(Condition.RETRIES_EXHAUSTED, 0, looped=True)}
    assert isinstance(stage.store, FakeEvents)
    assert [one.target for one in stage.store.owed.values()] == [QUEUE, QUEUE]
    assert stage.tried_calls == [], "it neither ran nor was it refused for a while"


async def test_a_lane_says_what_is_under_way_and_until_when_it_waits() -> None:
    stage = Stage()
    assert stage.poller.glance(LANE) == (0, 0)
    stage.functions.answers["f"] = lambda _: None
    ids = await stage.accept(count=2)
    assert stage.poller.glance(LANE) == (2, 0)
    stage.functions.end(ids[0], Throttled("x"))
    assert stage.poller.glance(LANE) == (1, stage.steady.now_ms() + 1000)


async def test_attempts_that_ran_and_that_could_not_are_told_apart() -> None:
    stage = Stage()
    stage.functions.answers["f"] = lambda _: Throttled("x")
    await stage.accept()
    stage.functions.answers["f"] = failing
    await stage.time.pass_by(3600)
    assert stage.tried_calls == [False, True, True, True]


async def test_books_count_by_lane() -> None:
    books, event = Books(), Event(LANE, "request-1", b"{}", "Root=1", 1, 1)
    books.tried(LANE, ran=True)
    books.tried(LANE, ran=False)
    books.ended(event, Condition.RETRIES_EXHAUSTED, told=False, looped=True)
    books.ended(event, Condition.SUCCESS, told=False)
    counts = books.of(LANE)
    assert (counts.tried, counts.refused, counts.succeeded) == (1, 1, 1)
    assert (counts.failed, counts.looped, counts.dropped) == (1, 1, 1)
    assert books.lanes == [LANE]
