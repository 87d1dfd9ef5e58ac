"""Records as functions see them and as filters look at them, by kind of stream; pure.

Source: spec async-esm.md §4; LocalStack's recordings of AWS (test_create_kinesis_event_source_mapping,
test_dynamodb_event_source_mapping); developer guide, "Using event filtering with a Kinesis event source", "…
with a DynamoDB event source", and the examples of on-failure records.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from lambdad.domain.event_sources import SourceKind
from lambdad.domain.stream_record import StreamRecord
from lambdad.sources.failures import moment
from lambdad.sources.filtering import Filters

encoded: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Place:
    """Where records come from.

    Attributes:
        source: ARN of the stream or consumer, as the mapping has it.
        region: of the mapping.
        shard: their shard.
    """

    source: str
    region: str
    shard: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between the kinds.

    Attributes:
        data: the member that filters compare with the record's data; empty when they see all as it is.
        shown: a record as the function sees it; `role` is the function's.
        passes: whether a record is for the function.
        batch_info: the member of on-failure records that names the records.
        date: a time as that member shows it.
    """

    data: str
    shown: Callable[[StreamRecord, Place, str], dict[str, Any]]
    passes: Callable[[Filters, StreamRecord, Mapping[str, Any]], bool]
    batch_info: str
    date: Callable[[float], str]


def _kinesis(record: StreamRecord, place: Place, role: str) -> dict[str, Any]:
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record.key,
            "sequenceNumber": record.sequence,
            "data": record.content,
            "approximateArrivalTimestamp": record.arrived_s,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{place.shard}:{record.sequence}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": role,
        "awsRegion": place.region,
        "eventSourceARN": place.source,
    }


def _kinesis_passes(filters: Filters, record: StreamRecord, shown: Mapping[str, Any]) -> bool:
    """Filters name what is in `kinesis` as if it stood outside."""
    try:
        text: str | None = base64.b64decode(str(record.content)).decode()
    except (binascii.Error, UnicodeDecodeError):
        text = None
    return filters.passes({**shown, **shown["kinesis"]}, text)


def _dynamodb(record: StreamRecord, place: Place, _role: str) -> dict[str, Any]:
    content = record.content if isinstance(record.content, Mapping) else {}
    shown = {**content, "awsRegion": place.region, "eventSourceARN": place.source}
    identity = content.get("userIdentity")
    if isinstance(identity, Mapping):
        shown["userIdentity"] = {name[:1].lower() + name[1:]: value for name, value in identity.items()}
    return shown


def _dynamodb_passes(filters: Filters, _record: StreamRecord, shown: Mapping[str, Any]) -> bool:
    return filters.passes(shown, None)


def _to_the_second(at_s: float) -> str:
    return datetime.fromtimestamp(int(at_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


DIALECTS: Final[Mapping[SourceKind, Dialect]] = {
    SourceKind.KINESIS: Dialect("data", _kinesis, _kinesis_passes, "KinesisBatchInfo", moment),
    SourceKind.DYNAMODB: Dialect("", _dynamodb, _dynamodb_passes, "DDBStreamBatchInfo", _to_the_second),
}


def batch_info(dialect: Dialect, place: Place, records: Sequence[StreamRecord]) -> dict[str, Any]:
    """Which records an on-failure record is about; without records only whose."""
    about: dict[str, Any] = {"shardId": place.shard}
    if records:
        first, last = records[0], records[-1]
        about |= {
            "startSequenceNumber": first.sequence,
            "endSequenceNumber": last.sequence,
            "approximateArrivalOfFirstRecord": dialect.date(first.arrived_s),
            "approximateArrivalOfLastRecord": dialect.date(last.arrived_s),
            "batchSize": len(records),
        }
    return {dialect.batch_info: about | {"streamArn": place.source}}
