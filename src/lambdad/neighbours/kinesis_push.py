"""Enhanced fan-out of Kinesis over HTTP/1.1: implements `ports.record_stream.PushedRecords`.

Source: the model of Kinesis (SubscribeToShard): an event stream of `SubscribeToShardEvent`, for five minutes.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Final

import msgspec

from lambdad.domain.arn import region_of
from lambdad.domain.event_frames import BrokenFrame, Frame, FrameReader
from lambdad.domain.scope import Scope
from lambdad.domain.stream_record import Page, Position
from lambdad.neighbours.courier_requests import json_request
from lambdad.neighbours.kinesis_stream import SERVICE, TARGET, Record, record_of
from lambdad.neighbours.service_calls import NotDone, ServiceCalls
from lambdad.ports.record_stream import StreamTrouble

_EVENT: Final = "SubscribeToShardEvent"


class _Pushed(msgspec.Struct, rename="pascal"):
    records: list[Record] | None = None
    continuation_sequence_number: str | None = None
    millis_behind_latest: int | None = None
    child_shards: list[Any] | None = None


class KinesisPush:
    """Subscriptions at the configured endpoint of Kinesis."""

    def __init__(self, calls: ServiceCalls) -> None:
        self._calls = calls
        self._pushed = msgspec.json.Decoder(_Pushed, strict=False)

    async def pages(
        self, scope: Scope, consumer: str, shard: str, position: Position
    ) -> AsyncGenerator[Page]:
        """See `ports.record_stream.PushedRecords`."""
        start: dict[str, Any] = {"Type": position.kind}
        if position.sequence is not None:
            start["SequenceNumber"] = position.sequence
        if position.at_s is not None:
            start["Timestamp"] = position.at_s
        members = {"ConsumerARN": consumer, "ShardId": shard, "StartingPosition": start}
        made = json_request(SERVICE, "1.1", f"{TARGET}SubscribeToShard", members)
        reader = FrameReader()
        try:
            async for piece in self._calls.pieces(made, scope, region_of(consumer)):
                for frame in reader.feed(piece):
                    if (page := self._page(frame)) is not None:
                        yield page
        except NotDone as error:
            raise StreamTrouble(str(error), error.code) from error
        except (ValueError, RecursionError, BrokenFrame) as error:
            raise StreamTrouble(f"kinesis pushed what cannot be read ({error})") from error

    def _page(self, frame: Frame) -> Page | None:
        """The records of a frame; None for one that has none.

        Raises:
            StreamTrouble: it ends the subscription with an error.
        """
        headers = frame.headers
        if headers.get(":message-type") != "event":
            said = frame.payload.decode("utf-8", "replace")
            raise StreamTrouble(f"kinesis ended a subscription: {said}", headers.get(":exception-type", ""))
        if headers.get(":event-type") != _EVENT:
            return None
        pushed = self._pushed.decode(frame.payload)
        return Page(
            tuple(record_of(one) for one in pushed.records or ()),
            None if pushed.child_shards else pushed.continuation_sequence_number or "",
            pushed.millis_behind_latest,
        )
