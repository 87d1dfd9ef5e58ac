"""Live Tail: what a session is sent, and how it ends; read by botocore's own parser of event streams."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer
from logs_client import NOW_MS, LogsClient, LogsError

from lambdad.domain.limits import MAX_LIVE_TAIL_EVENTS, MAX_LIVE_TAIL_S, MAX_LIVE_TAIL_SESSIONS
from lambdad.domain.scope import Scope
from lambdad.ports.log_store import LogLine, StreamKey

GROUP = "/app/orders"
ARN = f"arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}"


class Tail:
    """One session."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._buffer = EventStreamBuffer()

    async def next(self) -> tuple[str, dict[str, Any]]:
        self._buffer.add_data(await anext(self._chunks))
        event = next(self._buffer)
        kind = event.headers.get(":event-type") or event.headers.get(":exception-type")
        return kind, json.loads(event.payload or b"{}")

    async def messages(self, count: int) -> list[str]:
        """The texts of so many events."""
        found: list[str] = []
        while len(found) < count:
            kind, update = await self.next()
            assert kind == "sessionUpdate"
            assert len(update["sessionResults"]) <= MAX_LIVE_TAIL_EVENTS
            found += [result["message"] for result in update["sessionResults"]]
        return found

    async def last(self) -> tuple[str, dict[str, Any]]:
        """The error that the session ends with."""
        while True:
            kind, payload = await self.next()
            if kind != "sessionUpdate":
                with pytest.raises(StopAsyncIteration):
                    await anext(self._chunks)
                return kind, payload

    async def leave(self) -> None:
        await self._chunks.aclose()  # type: ignore[attr-defined]


async def started(logs: LogsClient, **params: Any) -> Tail:
    response = await logs.answer("StartLiveTail", **({"logGroupIdentifiers": [ARN]} | params))
    assert response.status == 200
    assert not isinstance(response.body, bytes)
    tail = Tail(response.body)
    assert await tail.next() == ("initial-response", {})
    kind, begin = await tail.next()
    assert (kind, begin["logGroupIdentifiers"]) == ("sessionStart", [ARN])
    return tail


async def put(logs: LogsClient, *messages: str, stream: str = "s") -> None:
    events = [{"timestamp": NOW_MS, "message": message} for message in messages]
    await logs.call("PutLogEvents", logGroupName=GROUP, logStreamName=stream, logEvents=events)


async def made(logs: LogsClient, *streams: str) -> None:
    await logs.call("CreateLogGroup", logGroupName=GROUP)
    for stream in streams or ("s",):
        await logs.call("CreateLogStream", logGroupName=GROUP, logStreamName=stream)


async def refused(logs: LogsClient, **params: Any) -> tuple[str, str]:
    with pytest.raises(LogsError) as error:
        await logs.call("StartLiveTail", **({"logGroupIdentifiers": [ARN]} | params))
    return error.value.code, error.value.message


async def test_events_are_sent_as_they_are_stored(logs: LogsClient):
    await made(logs)
    await put(logs, "before")
    tail = await started(logs)
    await put(logs, "one", "two")
    assert await tail.next() == (
        "sessionUpdate",
        {
            "sessionMetadata": {"sampled": False},
            "sessionResults": [
                {
                    "logStreamName": "s",
                    "logGroupIdentifier": ARN,
                    "message": text,
                    "timestamp": NOW_MS,
                    "ingestionTime": NOW_MS,
                }
                for text in ("one", "two")
            ],
        },
    )
    await tail.leave()


async def test_only_what_is_wanted_is_sent(logs: LogsClient):
    await made(logs, "a1", "a2", "b")
    by_pattern = await started(logs, logEventFilterPattern="ERROR -b")
    by_name = await started(logs, logStreamNames=["b"])
    by_prefix = await started(logs, logStreamNamePrefixes=["a"])
    for stream in ("a1", "a2", "b"):
        await put(logs, f"ERROR {stream}", f"fine {stream}", stream=stream)
    assert await by_pattern.messages(2) == ["ERROR a1", "ERROR a2"]
    assert await by_name.messages(2) == ["ERROR b", "fine b"]
    assert await by_prefix.messages(4) == ["ERROR a1", "fine a1", "ERROR a2", "fine a2"]
    for tail in (by_pattern, by_name, by_prefix):
        await tail.leave()


async def test_what_is_no_text_is_sent_as_it_is_read_back(logs: LogsClient):
    await made(logs)
    tail = await started(logs)
    logs.store.write(StreamKey(Scope(), GROUP, "s"), [LogLine(NOW_MS, "half \ud83d")])
    assert await tail.messages(1) == ["half ?"]
    await tail.leave()


async def test_a_quiet_time_is_an_empty_update(logs: LogsClient):
    await made(logs)
    tail = await started(logs, logEventFilterPattern="wanted")
    await put(logs, "x")
    empty = {"sessionMetadata": {"sampled": False}, "sessionResults": []}
    assert await tail.next() == ("sessionUpdate", empty)
    assert await tail.next() == ("sessionUpdate", empty)
    await tail.leave()


async def test_a_flood_is_sent_in_pages_and_thinned_for_who_reads_slowly(logs: LogsClient):
    await made(logs)
    tail = await started(logs)
    for number in range(7):
        await put(logs, *(f"{number}-{index}" for index in range(1_000)))
    kind, update = await tail.next()
    assert (kind, update["sessionMetadata"]) == ("sessionUpdate", {"sampled": True})
    assert update["sessionResults"][0]["message"] == "2-0"  # the oldest are gone
    assert (await tail.messages(4_500))[-1] == "6-999"
    await tail.leave()


async def test_a_session_ends_with_its_group(logs: LogsClient):
    await made(logs)
    tail = await started(logs)
    await logs.call("DeleteLogGroup", logGroupName=GROUP)
    assert await tail.last() == (
        "SessionStreamingException",
        {"message": "The specified log group does not exist."},
    )


async def test_a_session_ends_after_three_hours(logs: LogsClient):
    await made(logs)
    tail = await started(logs)
    logs.clock.now_ms += MAX_LIVE_TAIL_S * 1000
    assert (await tail.last())[0] == "SessionTimeoutException"


async def test_a_session_ends_with_the_server(logs: LogsClient):
    await made(logs)
    tail = await started(logs)
    logs.tails.close()
    assert (await tail.last())[0] == "SessionStreamingException"


async def test_who_leaves_makes_room_for_others(logs: LogsClient):
    await made(logs)
    tails = [await started(logs) for _ in range(MAX_LIVE_TAIL_SESSIONS)]
    assert await refused(logs) == ("LimitExceededException", "Resource limit exceeded.")
    await tails[0].leave()
    tails[0] = await started(logs)
    for tail in tails:
        await tail.leave()


async def test_what_cannot_be_followed_is_refused(logs: LogsClient):
    assert await refused(logs) == (
        "ResourceNotFoundException",
        "The specified log group does not exist.",
    )
    await made(logs)
    both = {"logStreamNames": ["a"], "logStreamNamePrefixes": ["b"]}
    assert (await refused(logs, **both))[0] == "ValidationException"
    assert (await refused(logs, logGroupIdentifiers=[ARN, ARN], logStreamNames=["a"]))[0] == (
        "InvalidParameterException"
    )
    assert (await refused(logs, logGroupIdentifiers=[GROUP]))[0] == "InvalidParameterException"
    assert (await refused(logs, logEventFilterPattern="{ $."))[0] == "InvalidParameterException"
    assert (await refused(logs, logGroupIdentifiers=[f"{ARN}{n}" for n in range(11)]))[0] == (
        "InvalidParameterException"
    )
