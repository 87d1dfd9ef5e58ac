"""Enhanced fan-out over the wire: frames become pages, and every way a subscription can end."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from lambdad.awsapi.eventstream import event, exception
from lambdad.domain.scope import Scope
from lambdad.domain.stream_record import Page, Position
from lambdad.neighbours.courier_requests import Outgoing
from lambdad.neighbours.kinesis_push import KinesisPush
from lambdad.neighbours.service_calls import NotDone
from lambdad.ports.record_stream import StreamTrouble

HERE = Scope()
CONSUMER = "arn:aws:kinesis:us-east-1:000000000000:stream/s/consumer/c:1"


class Calls:
    """Answers with some bytes, in pieces, and then perhaps with a failure."""

    def __init__(self, *pieces: bytes, failure: Exception | None = None) -> None:
        self.pieces_given, self.failure = pieces, failure
        self.made: Outgoing | None = None

    async def pieces(self, made: Outgoing, scope: Scope, region: str) -> AsyncGenerator[bytes]:
        self.made = made
        for piece in self.pieces_given:
            yield piece
        if self.failure is not None:
            raise self.failure


def pushed(*texts: str, following: str | None = "7", **more: Any) -> bytes:
    records = [
        {
            "SequenceNumber": str(number),
            "Data": base64.b64encode(text.encode()).decode(),
            "PartitionKey": "k",
            "ApproximateArrivalTimestamp": 1.5,
        }
        for number, text in enumerate(texts, start=1)
    ]
    told = {"Records": records, "ContinuationSequenceNumber": following, "MillisBehindLatest": 0, **more}
    return event("SubscribeToShardEvent", json.dumps(told).encode(), "application/json")


async def pages(calls: Calls, position: Position) -> list[Page]:
    push = KinesisPush(calls)  # type: ignore[arg-type]
    return [page async for page in push.pages(HERE, CONSUMER, "shard-1", position)]


async def test_events_become_pages_however_they_are_cut():
    whole = event("initial-response", b"{}") + pushed("a", "b") + pushed()
    calls = Calls(*(whole[at : at + 10] for at in range(0, len(whole), 10)))
    first, second = await pages(calls, Position("AFTER_SEQUENCE_NUMBER", "5"))
    assert [(one.sequence, one.key, one.arrived_s) for one in first.records] == [
        ("1", "k", 1.5),
        ("2", "k", 1.5),
    ]
    assert (first.following, first.behind_ms, second.records) == ("7", 0, ())
    assert calls.made is not None
    assert calls.made.headers["x-amz-target"] == "Kinesis_20131202.SubscribeToShard"
    assert json.loads(calls.made.body) == {
        "ConsumerARN": CONSUMER,
        "ShardId": "shard-1",
        "StartingPosition": {"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": "5"},
    }


async def test_a_shard_ends_with_its_children():
    [page] = await pages(Calls(pushed(ChildShards=[{"ShardId": "shard-2"}])), Position("TRIM_HORIZON"))
    assert page.following is None


@pytest.mark.parametrize(
    ("calls", "code"),
    [
        (Calls(failure=NotDone("no", "ResourceInUseException")), "ResourceInUseException"),
        (Calls(exception("ResourceNotFoundException", b"{}")), "ResourceNotFoundException"),
        (Calls(b"x" * 40), ""),
        (Calls(event("SubscribeToShardEvent", b"[]", "application/json")), ""),
    ],
)
async def test_what_is_no_page_is_trouble(calls: Calls, code: str):
    with pytest.raises(StreamTrouble) as raised:
        await pages(calls, Position("LATEST"))
    assert raised.value.code == code
