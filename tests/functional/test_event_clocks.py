"""Somebody sets the clock: ages and delays of queued events do not follow it while a server lives."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from lambdad.composition.build import build
from lambdad.composition.clock import SystemClock
from lambdad.composition.parts import Parts
from lambdad.domain.event import Lane
from lambdad.domain.scope import Scope
from lambdad.events.queue import LaneReport
from lambdad.settings import Settings
from tests.running import ROLE, zip_of

pytestmark = pytest.mark.asyncio

DAY_S = 86_400.0
YEAR_S = 365 * DAY_S
LANE = Lane(Scope(), "f")
WITHIN_S = 30.0
HANDLER = "def handler(event, context):\n    if event == 'fail':\n        raise ValueError('no')\n"


class SetClock(SystemClock):
    """The machine's clocks, and how far somebody has set the wall clock from it."""

    def __init__(self, ahead_s: float = 0.0) -> None:
        self.ahead_s = ahead_s

    def now(self) -> float:
        return super().now() + self.ahead_s


@asynccontextmanager
async def life(data_dir: Path, clock: SetClock) -> AsyncIterator[tuple[Parts, Any]]:
    """A server in this process and a client of it."""
    settings = replace(Settings(), data_dir=str(data_dir), port=0)
    async with build(settings, clock) as parts:
        client = boto3.client(
            "lambda",
            endpoint_url=f"http://127.0.0.1:{parts.port}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        yield parts, client


async def make(client: Any) -> None:
    await asyncio.to_thread(
        client.create_function,
        FunctionName="f",
        Runtime="python3.11",
        Handler="app.handler",
        Role=ROLE,
        Code={"ZipFile": zip_of({"app.py": HANDLER})},
    )
    waiter = client.get_waiter("function_active_v2")
    await asyncio.to_thread(waiter.wait, FunctionName="f", WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})


async def send(client: Any, event: object = "go") -> None:
    answer = await asyncio.to_thread(
        client.invoke, FunctionName="f", InvocationType="Event", Payload=json.dumps(event)
    )
    assert answer["StatusCode"] == 202


async def reported(parts: Parts) -> LaneReport:
    return next(one for one in await parts.queue.report() if one.backlog.lane == LANE)


async def ended(parts: Parts) -> LaneReport:
    """The lane, once nothing of it is queued any more."""
    async with asyncio.timeout(WITHIN_S):
        while (await reported(parts)).backlog.events:
            await asyncio.sleep(0.02)
    return await reported(parts)


@pytest.mark.parametrize("jump_s", [pytest.param(YEAR_S, marks=pytest.mark.full), -YEAR_S])
async def test_events_that_wait_neither_age_nor_hang_when_the_clock_is_set(
    tmp_path: Path, jump_s: float
) -> None:
    clock = SetClock()
    async with life(tmp_path / "data", clock) as (parts, client):
        await make(client)
        await parts.queue.pause(LANE, paused=True)
        await send(client)
        clock.ahead_s += jump_s
        await send(client)
        parts.queue.look()
        await parts.queue.pause(LANE, paused=False)
        counts = (await ended(parts)).counts
    assert (counts.succeeded, counts.failed) == (2, 0)


@pytest.mark.parametrize("jump_s", [pytest.param(YEAR_S, marks=pytest.mark.full), -YEAR_S])
async def test_a_retry_comes_after_its_minute_whatever_the_clock_says(tmp_path: Path, jump_s: float) -> None:
    clock = SetClock()
    async with life(tmp_path / "data", clock) as (parts, client):
        await make(client)
        await send(client, "fail")
        async with asyncio.timeout(WITHIN_S):
            while not (await reported(parts)).next_attempt_s:  # it runs, and then what it needs is stored
                await asyncio.sleep(0.02)
        clock.ahead_s += jump_s
        waits_s = (await reported(parts)).next_attempt_s
    assert waits_s is not None
    assert 0 < waits_s <= 60


async def test_a_start_with_a_clock_gone_back_goes_on_at_once_and_counts_ages_from_there(
    tmp_path: Path,
) -> None:
    async with life(tmp_path / "data", SetClock()) as (parts, client):
        await make(client)
        await parts.queue.pause(LANE, paused=True)
        await send(client)
        await send(client)
    async with life(tmp_path / "data", SetClock(-YEAR_S)) as (parts, client):
        assert (await reported(parts)).next_attempt_s is None
        assert (await reported(parts)).age_s < DAY_S
        await parts.queue.pause(LANE, paused=False)
        counts = (await ended(parts)).counts
    assert (counts.succeeded, counts.failed) == (2, 0)


async def test_a_start_a_year_later_ends_what_is_too_old(tmp_path: Path) -> None:
    async with life(tmp_path / "data", SetClock()) as (parts, client):
        await make(client)
        await parts.queue.pause(LANE, paused=True)
        await send(client)
    async with life(tmp_path / "data", SetClock(YEAR_S)) as (parts, client):
        await parts.queue.pause(LANE, paused=False)
        await send(client)
        counts = (await ended(parts)).counts
    assert (counts.succeeded, counts.failed) == (1, 1)
