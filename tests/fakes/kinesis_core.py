"""Kinesis in memory: streams whose shards split and merge, and stay when they are closed.

`FakeKinesis.call` takes an operation with its members as JSON has them and gives the answer in the same form.
"""

from __future__ import annotations

import base64
from collections.abc import Callable

from tests.fakes.service_faults import Refused
from tests.fakes.shard_core import Members, Read, Shard, ShardLog, ShardService, Stream, paged

ACCOUNT, REGION = "000000000000", "us-east-1"
MOST_RECORDS, MOST_BYTES = 10_000, 10 * 1024 * 1024
READS = frozenset(
    {
        "GetRecords",
        "GetShardIterator",
        "ListShards",
        "DescribeStream",
        "DescribeStreamSummary",
        "DescribeStreamConsumer",
    }
)


class FakeKinesis(ShardService):
    """All streams of one account.

    Attributes:
        log: the shards; `log.faults` is what requests meet.
        page: shards of one answer of ListShards and DescribeStream, at most.
        most_records: of one answer of GetRecords, at most.
        never_ends: the end of closed shards is not told.
    """

    reads = READS

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(
            ShardLog(
                clock,
                49 * 10**54,
                lambda number: f"shardId-{number:012d}",
                iterator_s=300.0,
                tells_trimmed=False,
            )
        )
        self.page = 1_000
        self.most_records = MOST_RECORDS
        self.never_ends = False
        self.retention_hours = 24
        self.consumers: dict[str, Members] = {}

    def _arn(self, members: Members) -> str:
        if arn := super()._arn(members):
            return arn
        given = str(members.get("StreamARN") or members.get("ConsumerARN") or "").partition("/consumer/")[0]
        return given or f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{members.get('StreamName')}"

    def _stream(self, members: Members) -> Stream:
        arn = self._arn(members)
        if arn not in self.log.streams:
            name = arn.rpartition("/")[2]
            raise Refused("ResourceNotFoundException", f"Stream {name} under account {ACCOUNT} not found.")
        return self.log.streams[arn]

    def _shard(self, stream: Stream, name: str) -> Shard:
        if name not in stream.shards:
            said = f"Shard {name} in stream {stream.name} under account {ACCOUNT} does not exist"
            raise Refused("ResourceNotFoundException", said)
        return stream.shards[name]

    # --- streams -----------------------------------------------------------------------------------------

    def _createstream(self, members: Members) -> Members:
        arn = self._arn(members)
        if arn in self.log.streams:
            raise Refused("ResourceInUseException", f"Stream {members['StreamName']} already exists.")
        self.log.make(members["StreamName"], arn, members.get("ShardCount", 4))
        return {}

    def _deletestream(self, members: Members) -> Members:
        del self.log.streams[self._stream(members).arn]
        return {}

    def _describestreamsummary(self, members: Members) -> Members:
        stream = self._stream(members)
        is_open = [one.closed is None for one in stream.shards.values()]
        counts = {"OpenShardCount": sum(is_open), "ConsumerCount": 0}
        return {"StreamDescriptionSummary": self._described(stream) | counts}

    def _describestream(self, members: Members) -> Members:
        stream, most = self._stream(members), min(members.get("Limit", 100), self.page)
        shards = list(stream.shards.values())
        found = list(paged(shards, members.get("ExclusiveStartShardId"), most))
        has_more = bool(found) and found[-1] is not shards[-1]
        shown = {"Shards": [self._shown(one) for one in found], "HasMoreShards": has_more}
        return {"StreamDescription": self._described(stream) | shown}

    def _described(self, stream: Stream) -> Members:
        return {
            "StreamName": stream.name,
            "StreamARN": stream.arn,
            "StreamStatus": "ACTIVE",
            "StreamModeDetails": {"StreamMode": "PROVISIONED"},
            "RetentionPeriodHours": self.retention_hours,
            "StreamCreationTimestamp": stream.made_s,
            "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
            "EncryptionType": "NONE",
        }

    def _listshards(self, members: Members) -> Members:
        after = members.get("ExclusiveStartShardId")
        if token := members.get("NextToken"):
            if members.get("StreamName"):
                raise Refused(
                    "InvalidArgumentException", "NextToken and StreamName cannot be provided together."
                )
            arn, after = token.split("|")
            members = {**members, "StreamARN": arn}
        stream = self._stream(members)
        shards = [one for one in stream.shards.values() if _passes(members.get("ShardFilter"), one)]
        found = list(paged(shards, after, min(members.get("MaxResults", 1_000), self.page)))
        answer: Members = {"Shards": [self._shown(one) for one in found]}
        if found and found[-1] is not shards[-1]:
            answer["NextToken"] = f"{stream.arn}|{found[-1].id}"
        return answer

    def _shown(self, shard: Shard) -> Members:
        numbers = {"StartingSequenceNumber": self.log.told(shard.opened)}
        if shard.closed is not None:
            numbers["EndingSequenceNumber"] = self.log.told(shard.closed)
        parents = dict(zip(("ParentShardId", "AdjacentParentShardId"), shard.parents, strict=False))
        hashes = {"StartingHashKey": str(shard.first), "EndingHashKey": str(shard.last)}
        return {"ShardId": shard.id, "HashKeyRange": hashes, "SequenceNumberRange": numbers, **parents}

    def _splitshard(self, members: Members) -> Members:
        stream = self._stream(members)
        shard, at = self._open(stream, members["ShardToSplit"]), int(members["NewStartingHashKey"])
        if not shard.first < at <= shard.last:
            raise Refused("InvalidArgumentException", f"NewStartingHashKey {at} is not valid for {shard.id}")
        self.log.split(stream, shard, at)
        return {}

    def _mergeshards(self, members: Members) -> Members:
        stream = self._stream(members)
        one, other = (self._open(stream, members[name]) for name in ("ShardToMerge", "AdjacentShardToMerge"))
        if one.last + 1 != other.first and other.last + 1 != one.first:
            raise Refused(
                "InvalidArgumentException", f"Shards {one.id} and {other.id} are not an adjacent pair"
            )
        self.log.merge(stream, one, other)
        return {}

    def _open(self, stream: Stream, name: str) -> Shard:
        shard = self._shard(stream, name)
        if shard.closed is not None:
            raise Refused("InvalidArgumentException", f"Shard {name} in stream {stream.name} is closed")
        return shard

    # --- records -----------------------------------------------------------------------------------------

    def _putrecord(self, members: Members) -> Members:
        return self._put(self._stream(members), members)

    def _putrecords(self, members: Members) -> Members:
        stream = self._stream(members)
        return {"FailedRecordCount": 0, "Records": [self._put(stream, one) for one in members["Records"]]}

    def _put(self, stream: Stream, record: Members) -> Members:
        def shown(sequence: str, at_s: float) -> Members:
            return {
                "SequenceNumber": sequence,
                "ApproximateArrivalTimestamp": at_s,
                "Data": record["Data"],
                "PartitionKey": record["PartitionKey"],
                "EncryptionType": "NONE",
            }

        size = len(record["Data"]) * 3 // 4 + len(record["PartitionKey"])
        if explicit := record.get("ExplicitHashKey"):
            shard, sequence = self.log.put_at(stream, int(explicit), shown, size)
        else:
            shard, sequence = self.log.put(stream, record["PartitionKey"], shown, size)
        return {"ShardId": shard, "SequenceNumber": sequence, "EncryptionType": "NONE"}

    def put(self, name: str, key: str, data: bytes) -> str:
        """Put a record past the wire; its sequence number."""
        given = {"StreamName": name, "PartitionKey": key, "Data": base64.b64encode(data).decode()}
        return str(self._putrecord(given)["SequenceNumber"])

    def _getsharditerator(self, members: Members) -> Members:
        stream = self._stream(members)
        shard = self._shard(stream, members["ShardId"])
        kind, at_s = members["ShardIteratorType"], members.get("Timestamp")
        given = members.get("StartingSequenceNumber")
        return {"ShardIterator": self.log.iterator(stream, shard, kind, given, at_s)}

    def _getrecords(self, members: Members) -> Members:
        most = min(members.get("Limit", MOST_RECORDS), self.most_records)
        read = self.log.read(members["ShardIterator"], most, MOST_BYTES)
        answer = {"Records": [one.shown for one in read.entries], "MillisBehindLatest": read.behind_ms}
        if read.following is None and self.never_ends:
            return answer | {"NextShardIterator": members["ShardIterator"]}
        if read.following is None:
            return answer | {"ChildShards": _children(read)}
        return answer | {"NextShardIterator": read.following}

    # --- consumers ---------------------------------------------------------------------------------------

    def _registerstreamconsumer(self, members: Members) -> Members:
        arn = f"{self._stream(members).arn}/consumer/{members['ConsumerName']}:{int(self.log.clock())}"
        self.consumers[arn] = {
            "ConsumerName": members["ConsumerName"],
            "ConsumerARN": arn,
            "ConsumerStatus": "ACTIVE",
            "ConsumerCreationTimestamp": self.log.clock(),
        }
        return {"Consumer": self.consumers[arn]}

    def _describestreamconsumer(self, members: Members) -> Members:
        arn = members.get("ConsumerARN", "")
        if arn not in self.consumers:
            raise Refused("ResourceNotFoundException", f"Consumer {arn} not found.")
        return {"ConsumerDescription": self.consumers[arn] | {"StreamARN": arn.partition("/consumer/")[0]}}


def _children(read: Read) -> list[Members]:
    return [
        {
            "ShardId": one.id,
            "ParentShards": list(one.parents),
            "HashKeyRange": {"StartingHashKey": str(one.first), "EndingHashKey": str(one.last)},
        }
        for one in read.stream.children(read.shard)
    ]


def _passes(asked: Members | None, shard: Shard) -> bool:
    match (asked or {}).get("Type"):
        case "AT_LATEST":
            return shard.closed is None
        case "AFTER_SHARD_ID":
            return shard.id > str((asked or {})["ShardId"])
        case _:
            return True


def halfway(shard: Members) -> str:
    """The hash in the middle of a shard as ListShards shows it: where it can be split."""
    hashes = shard["HashKeyRange"]
    return str((int(hashes["StartingHashKey"]) + int(hashes["EndingHashKey"]) + 1) // 2)
