"""The Telemetry and Logs APIs of an environment, with extensions that behave and such that do not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from lambdad.worker.telemetry_api import subscriber as at_work
from lambdad.worker.telemetry_api.subscriber import REASON
from lambdad.worker.telemetry_api.tap import TelemetryTap
from lambdad.worker.telemetry_api.telemetry import Telemetry
from tests.fakes.listening import OK, Listener, connect, read_request, take
from tests.fakes.worker import FakeClock


class FakeJournal:
    """Replays what Init has said and remembers what it was told."""

    def __init__(self) -> None:
        self.tap: TelemetryTap | None = None
        self.subscriptions: list[tuple[str, str, Sequence[str]]] = []
        self.early: list[tuple[int, str, object]] = []

    def set_telemetry(self, tap: TelemetryTap | None) -> None:
        is_new, self.tap = self.tap is None, tap
        if is_new and tap is not None and tap.platform:
            for time_ms, type_, record in self.early:
                tap.event("platform", time_ms, type_, record)

    def subscribed(self, api: str, name: str, types: Sequence[str]) -> None:
        self.subscriptions.append((api, name, types))


class Place:
    """An environment's telemetry and the listeners in its sandbox."""

    def __init__(self) -> None:
        self.journal = FakeJournal()
        self.telemetry = Telemetry(connect, self.journal, FakeClock())
        self.listeners: list[Listener] = []

    async def listener(self) -> Listener:
        made = Listener()
        await made.open()
        self.listeners.append(made)
        return made

    def ask(
        self, listener: Listener, *types: str, api: str = "telemetry", name: str = "watcher", **more: Any
    ) -> bytes:
        asked: dict[str, Any] = {
            "types": types or ("function",),
            "destination": {"protocol": "HTTP", "URI": f"http://sandbox.localdomain:{listener.port}"},
            "buffering": {"timeoutMs": 25},
            **more,
        }
        if api == "telemetry":
            asked["schemaVersion"] = "2025-01-29"
        return self.telemetry.subscribe(api, name, json.dumps(asked).encode())

    def print(self, *lines: str, kind: str = "function") -> None:
        for number, line in enumerate(lines):
            self.telemetry.event(kind, number, kind, line)

    async def flushed(self, within_s: float = 30) -> None:
        await self.telemetry.flush(asyncio.get_running_loop().time() + within_s)


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    made = Place()
    yield made
    made.telemetry.close()
    for _ in range(3):  # tasks end, and their connections with them
        await asyncio.sleep(0)
    for listener in made.listeners:
        await listener.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts without the waiting."""
    monkeypatch.setattr(at_work, "TELEMETRY_FIRST_RETRY_S", 0.001)
    monkeypatch.setattr(at_work, "TELEMETRY_LAST_RETRY_S", 0.002)


def status_of(answer: bytes) -> tuple[int, Any]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    return int(head.split()[1]), json.loads(body)


# --- subscribing -----------------------------------------------------------------------------------


async def test_a_subscription_is_answered_as_on_aws_and_told_of(place: Place) -> None:
    listener = await place.listener()
    assert status_of(place.ask(listener, "platform", "function")) == (200, "OK")
    assert place.journal.subscriptions == [("telemetry", "watcher", ("platform", "function"))]
    assert place.journal.tap is place.telemetry
    assert (place.telemetry.platform, place.telemetry.function, place.telemetry.extension) == (
        True,
        True,
        False,
    )


async def test_the_same_subscription_again_changes_nothing(place: Place) -> None:
    listener = await place.listener()
    for _ in range(2):
        assert status_of(place.ask(listener)) == (200, "OK")
    place.print("once")
    await place.flushed()
    assert len(place.journal.subscriptions) == 1
    assert [record["record"] for record in listener.records] == ["once"]


async def test_another_subscription_of_the_same_extension_takes_its_place(place: Place) -> None:
    first, second = await place.listener(), await place.listener()
    place.ask(first, "platform")
    place.ask(second, "function")
    place.print("text")
    await place.flushed()
    assert (first.records, len(second.records)) == ([], 1)
    assert not place.telemetry.platform


async def test_an_extension_uses_one_of_the_two_apis(place: Place) -> None:
    listener = await place.listener()
    place.ask(listener, api="logs")
    status, error = status_of(place.ask(listener, api="telemetry"))
    assert (status, error["errorType"]) == (400, "ValidationError")
    assert status_of(place.ask(listener, api="telemetry", name="other")) == (200, "OK")


@pytest.mark.parametrize(
    ("api", "error_type"), [("telemetry", "ValidationError"), ("logs", "Logs.ValidationError")]
)
async def test_a_bad_subscription_is_answered_with_what_is_wrong(
    place: Place, api: str, error_type: str
) -> None:
    body = json.dumps(
        {
            "schemaVersion": "2025-01-29" if api == "telemetry" else "2020-08-15",
            "types": [],
            "destination": {"protocol": "HTTP", "URI": "http://sandbox.localdomain"},
        }
    ).encode()
    assert status_of(place.telemetry.subscribe(api, "watcher", body)) == (
        400,
        {"errorMessage": "URI port is not provided; types should not be empty", "errorType": error_type},
    )
    assert place.journal.tap is None


@pytest.mark.parametrize(
    ("api", "error"),
    [
        (
            "telemetry",
            {
                "errorType": "Telemetry.SubscriptionClosed",
                "errorMessage": "Telemetry API subscription is closed already",
            },
        ),
        (
            "logs",
            {
                "errorType": "Logs.SubscriptionClosed",
                "errorMessage": "Logs API subscription is closed already",
            },
        ),
    ],
)
async def test_after_init_nobody_can_subscribe(place: Place, api: str, error: dict[str, str]) -> None:
    assert status_of(place.telemetry.subscribe(api, "watcher", b"{}", is_open=False)) == (403, error)


# --- delivering ------------------------------------------------------------------------------------


async def test_every_subscriber_gets_its_kinds_in_its_schema(place: Place) -> None:
    new, old = await place.listener(), await place.listener()
    place.ask(new, "platform", "extension")
    place.ask(
        old,
        "platform",
        "function",
        api="logs",
        name="old",
        destination={"protocol": "HTTP", "URI": f"http://sandbox:{old.port}/x", "method": "PUT"},
    )
    event = place.telemetry.event
    event("platform", 1, "platform.start", {"requestId": "r", "version": "1", "tracing": {}})
    event("function", 2, "function", "in")
    event("extension", 3, "extension", "out")
    event("platform", 4, "platform.end", {"requestId": "r"})
    await place.flushed()
    assert [(one["type"], one["record"]) for one in new.records] == [
        ("platform.start", {"requestId": "r", "version": "1", "tracing": {}}),
        ("extension", "out"),
    ]
    assert [(one["type"], one["record"]) for one in old.records] == [
        ("platform.start", {"requestId": "r", "version": "1"}),
        ("function", "in"),
        ("platform.end", {"requestId": "r"}),
    ]
    assert old.heads[0].startswith(b"PUT /x ") and new.heads[0].startswith(b"POST / ")


async def test_a_batch_leaves_after_its_time_without_anybody_asking(place: Place) -> None:
    listener = await place.listener()
    place.ask(listener)
    place.print("one", "two")
    await listener.until(lambda: len(listener.records) == 2)
    assert len(listener.batches) == 1


async def test_a_full_buffer_leaves_at_once(place: Place) -> None:
    listener = await place.listener()
    place.ask(listener, buffering={"maxItems": 1_000, "timeoutMs": 30_000})
    place.print(*map(str, range(1_000)))
    await listener.until(lambda: len(listener.records) == 1_000)


async def test_who_subscribes_second_hears_of_init_too(place: Place) -> None:
    first, second = await place.listener(), await place.listener()
    place.journal.early = [(1, "platform.initStart", {"phase": "init"})]
    place.ask(first, "platform", name="first")
    place.telemetry.event("platform", 2, "platform.extension", {"name": "first"})
    place.ask(second, "platform", name="second")
    await place.flushed()
    for listener in (first, second):
        assert [one["type"] for one in listener.records] == ["platform.initStart", "platform.extension"]


async def test_nothing_is_sent_while_the_environment_is_frozen(place: Place) -> None:
    listener = await place.listener()
    place.ask(listener)
    place.telemetry.pause()
    place.print("frozen")
    await asyncio.sleep(0.06)  # more than the subscriber's time
    assert listener.connections == 0
    place.telemetry.resume()
    await listener.until(lambda: len(listener.records) == 1)


async def test_a_freeze_in_the_middle_of_a_delivery_is_not_held_against_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_work, "TELEMETRY_ANSWER_S", 0.05)
    listener, thawed = await place.listener(), asyncio.Event()

    async def frozen(listener: Listener, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        await thawed.wait()
        assert request is not None
        listener.taken(*request)
        writer.write(OK)
        await reader.read(1)

    listener.behaviour = frozen
    place.ask(listener)
    place.print("text")
    place.telemetry.flush_soon()
    await listener.until(lambda: listener.connections == 1)
    place.telemetry.pause()
    await asyncio.sleep(0.1)
    thawed.set()
    place.telemetry.resume()
    await place.flushed()
    assert (len(listener.records), listener.connections) == (1, 1)


async def test_flushing_delivers_what_comes_meanwhile_too(place: Place) -> None:
    listener = await place.listener()

    async def slow(listener: Listener, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (request := await read_request(reader)) is not None:
            if not listener.batches:
                place.print("second")
            listener.taken(*request)
            writer.write(OK)

    listener.behaviour = slow
    place.ask(listener, buffering={"timeoutMs": 30_000})
    place.print("first")
    await place.flushed()
    assert [one["record"] for one in listener.records] == ["first", "second"]


async def test_flushing_ends_at_its_deadline(place: Place) -> None:
    listener = await place.listener()

    async def hang(_: Listener, reader: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    listener.behaviour = hang
    place.ask(listener)
    place.print("text")
    async with asyncio.timeout(30):
        await place.flushed(within_s=0.05)
    assert listener.records == []


async def test_flushing_without_records_is_no_wait(place: Place) -> None:
    listener = await place.listener()
    await place.flushed(within_s=0)
    place.ask(listener)
    async with asyncio.timeout(30):
        await place.flushed(within_s=3_600)


@pytest.mark.usefixtures("quick")
async def test_a_listener_that_comes_late_gets_everything(place: Place) -> None:
    listener = await place.listener()
    await listener.close()
    place.ask(listener)
    place.print("early")
    await asyncio.sleep(0.03)
    await listener.open(listener.port)
    await listener.until(lambda: len(listener.records) == 1)


# --- losing ----------------------------------------------------------------------------------------


async def errs(listener: Listener, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while listener.behaviour is errs and await read_request(reader) is not None:
        writer.write(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")


async def hangs_up(listener: Listener, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)


async def never_answers(
    listener: Listener, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await reader.read(-1)
    await asyncio.sleep(3600)


async def never_reads(listener: Listener, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3600)


async def floods(listener: Listener, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("bad", [errs, hangs_up, never_answers, never_reads, floods])
async def test_a_bad_subscriber_loses_records_and_is_told_exactly_how_many(
    place: Place, bad: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_work, "TELEMETRY_ANSWER_S", 0.02)
    listener = await place.listener()
    listener.behaviour = bad
    place.ask(listener, buffering={"maxItems": 1_000, "timeoutMs": 25})
    (one,) = place.telemetry._subscribers
    offered = 0
    for _ in range(30):
        lines = [f"{offered + number:06d}" + "x" * 500 for number in range(100)]
        place.print(*lines)
        offered += 100
        assert one.held_bytes <= 2 * 262_144
        await asyncio.sleep(0.001)
    monkeypatch.setattr(at_work, "TELEMETRY_ANSWER_S", 30)
    listener.behaviour = take
    await place.flushed()
    texts = [record for record in listener.records if record["type"] == "function"]
    losses = [record["record"] for record in listener.records if record["type"] == "platform.logsDropped"]
    dropped = sum(loss["droppedRecords"] for loss in losses)
    assert dropped > 0
    assert len(texts) + dropped == offered
    assert {loss["reason"] for loss in losses} == {REASON}
    size = len(json.dumps(texts[0], separators=(",", ":")))
    assert sum(loss["droppedBytes"] for loss in losses) == dropped * size
    numbers = [int(text["record"][:6]) for text in texts]
    assert numbers == sorted(set(numbers))


@pytest.mark.usefixtures("quick")
async def test_a_bad_subscriber_costs_the_good_one_nothing(place: Place) -> None:
    good, bad = await place.listener(), await place.listener()
    bad.behaviour = never_answers
    place.ask(good, name="good")
    place.ask(bad, name="bad")
    place.print(*map(str, range(100)))
    await good.until(lambda: len(good.records) == 100)


@pytest.mark.usefixtures("quick")
async def test_a_batch_it_chokes_on_is_given_up(place: Place) -> None:
    listener = await place.listener()

    async def chokes(listener: Listener, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (request := await read_request(reader)) is not None:
            if b"poison" in request[1]:
                writer.write(b"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n")
                continue
            listener.taken(*request)
            writer.write(OK)

    listener.behaviour = chokes
    place.ask(listener)
    place.print("poison")
    await listener.until(lambda: bool(listener.records))
    (loss,) = listener.records
    assert loss["record"]["droppedRecords"] == 1
    place.print("fine")
    await listener.until(lambda: len(listener.records) == 2)


async def test_closing_ends_everything_at_once(place: Place) -> None:
    listener = await place.listener()
    hung_up = asyncio.Event()

    async def hang(_: Listener, reader: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        hung_up.set()

    listener.behaviour = hang
    place.ask(listener)
    place.print("text")
    place.telemetry.flush_soon()
    await listener.until(lambda: listener.connections == 1)
    place.telemetry.close()
    assert place.journal.tap is None
    assert not place.telemetry.function
    place.print("unheard")
    async with asyncio.timeout(30):
        while any(task.get_name().startswith("telemetry") for task in asyncio.all_tasks()):
            await asyncio.sleep(0)
        await hung_up.wait()
