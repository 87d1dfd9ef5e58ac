"""Records of Kafka as functions, filters and on-failure destinations see them; pure.

Source: spec async-esm.md §5; header bytes are signed numbers, as AWS sends them (powertools-lambda-python
issue 6862, aws-lambda-go pull request 506); item identifiers as powertools-lambda-python answers them.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from lambdad.domain.kafka_record import KafkaRecord, Partition
from lambdad.sources.failures import moment
from lambdad.sources.filtering import Filters
from lambdad.sources.report import named

encoded: Final = msgspec.json.Encoder().encode
_SIGN: Final = 128


@dataclass(frozen=True, slots=True)
class Place:
    """Where records come from.

    Attributes:
        source: ARN of the cluster; None when it is self-managed.
        servers: where the cluster begins, as events show it.
    """

    source: str | None
    servers: str
    partition: Partition

    def envelope(self) -> dict[str, Any]:
        """An event without its records."""
        if self.source is None:
            return {"eventSource": "SelfManagedKafka", "bootstrapServers": self.servers}
        return {
            "eventSource": "aws:kafka",
            "eventSourceArn": self.source,
            "bootstrapServers": self.servers,
        }

    def event(self, records: Sequence[bytes]) -> bytes:
        """The event of records that are encoded already."""
        head = encoded(self.envelope())[:-1]
        return b'%s,"records":{%s:[%s]}}' % (head, encoded(str(self.partition)), b",".join(records))


def shown(record: KafkaRecord) -> dict[str, Any]:
    """A record as the function sees it."""
    found: dict[str, Any] = {
        "topic": record.partition.topic,
        "partition": record.partition.number,
        "offset": record.offset,
        "timestamp": record.at_ms,
        "timestampType": "LOG_APPEND_TIME" if record.is_append_time else "CREATE_TIME",
    }
    if record.key is not None:
        found["key"] = base64.b64encode(record.key).decode()
    if record.value is not None:
        found["value"] = base64.b64encode(record.value).decode()
    found["headers"] = [
        {name: [byte - 2 * _SIGN if byte >= _SIGN else byte for byte in value]}
        for name, value in record.headers
    ]
    return found


def passes(filters: Filters, record: KafkaRecord, event: Mapping[str, Any]) -> bool:
    """Whether a record is for the function; filters see key and value as what they are."""
    if not filters.patterns:
        return True
    key = _text(record.key)
    try:
        seen = msgspec.json.decode(key) if key is not None and key.lstrip()[:1] == "{" else key
    except (ValueError, RecursionError):
        seen = key
    return filters.passes({**event, "key": seen}, _text(record.value))


def _text(data: bytes | None) -> str | None:
    try:
        return None if data is None else data.decode()
    except UnicodeDecodeError:
        return None


def batch_info(place: Place, records: Sequence[KafkaRecord], payload_bytes: int) -> dict[str, Any]:
    """Which records an on-failure record is about."""
    first, last = records[0], records[-1]
    about: dict[str, Any] = {"batchSize": len(records)}
    if place.source is not None:
        about["eventSourceArn"] = place.source
    about |= {"bootstrapServers": place.servers, "payloadSize": payload_bytes}
    about["recordsInfo"] = {
        str(place.partition): {
            "firstRecordOffset": first.offset,
            "lastRecordOffset": last.offset,
            "firstRecordTimestamp": moment(first.at_ms / 1000),
            "lastRecordTimestamp": moment(last.at_ms / 1000),
        }
    }
    return {"KafkaBatchInfo": about}


def names_of(partition: Partition) -> Callable[[bytes, frozenset[str]], frozenset[str] | None]:
    """What reads the offsets that functions say failed."""

    def name(identifier: object) -> str | None:
        if not isinstance(identifier, dict) or identifier.get("topic-partition") != str(partition):
            return None
        offset = identifier.get("offset")
        return str(offset) if isinstance(offset, int) and not isinstance(offset, bool) else None

    return lambda answer, ids: named(answer, ids, name)
