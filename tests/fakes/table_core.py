"""Tables of DynamoDB in memory, and the streams of what changes in them, whose shards roll over.

Of DynamoDB only whole items that are put, got and deleted. `FakeTables.call` takes operations as JSON has them.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.fakes.service_faults import Refused
from tests.fakes.shard_core import Members, ShardLog, ShardService, Stream, paged

ACCOUNT, REGION = "000000000000", "us-east-1"
MOST_RECORDS, MOST_BYTES, PAGE = 1_000, 1024 * 1024, 100
READS = frozenset({"GetRecords", "GetShardIterator", "DescribeStream"})


@dataclass
class Table:
    """A table.

    Attributes:
        keys: as CreateTable has them.
        view: of its stream; None for a table without one.
    """

    name: str
    keys: list[Members]
    view: str | None
    stream: Stream | None
    region: str = REGION
    items: dict[str, Members] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:dynamodb:{self.region}:{ACCOUNT}:table/{self.name}"

    def keys_of(self, item: Members) -> Members:
        return {key["AttributeName"]: item[key["AttributeName"]] for key in self.keys}


class FakeTables(ShardService):
    """All tables of one account, and their streams.

    Attributes:
        log: the shards; `log.faults` is what reads of streams meet.
        page: shards of one answer of DescribeStream, at most.
        partitions: shards of a stream that is made.
        region: in the ARNs of tables that are made; that of DynamoDB Local is none of AWS's.
    """

    reads = READS

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(
            ShardLog(
                clock,
                10**20,
                lambda number: f"shardId-{number:020d}-{number:08x}",
                iterator_s=900.0,
                tells_trimmed=True,
            )
        )
        self.tables: dict[str, Table] = {}
        self.page = PAGE
        self.partitions = 1
        self.region = REGION

    def _arn(self, members: Members) -> str:
        return super()._arn(members) or str(members.get("StreamArn", ""))

    # --- tables ------------------------------------------------------------------------------------------

    def _createtable(self, members: Members) -> Members:
        name, asked = members["TableName"], members.get("StreamSpecification") or {}
        if name in self.tables:
            raise Refused("ResourceInUseException", f"Table already exists: {name}")
        table = self.tables[name] = Table(name, members["KeySchema"], None, None, self.region)
        if asked.get("StreamEnabled"):
            label = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
            table.view = asked["StreamViewType"]
            table.stream = self.log.make(name, f"{table.arn}/stream/{label}", self.partitions)
        return {"TableDescription": self._shown(table)}

    def _describetable(self, members: Members) -> Members:
        return {"Table": self._shown(self._table(members))}

    def _deletetable(self, members: Members) -> Members:
        table = self._table(members)
        del self.tables[table.name]
        if table.stream is not None:
            del self.log.streams[table.stream.arn]
        return {"TableDescription": self._shown(table)}

    def _shown(self, table: Table) -> Members:
        shown = {
            "TableName": table.name,
            "TableArn": table.arn,
            "TableStatus": "ACTIVE",
            "KeySchema": table.keys,
            "ItemCount": len(table.items),
        }
        if table.stream is None:
            return shown
        told = {"StreamEnabled": True, "StreamViewType": table.view}
        label = table.stream.arn.rpartition("/")[2]
        return shown | {
            "LatestStreamArn": table.stream.arn,
            "LatestStreamLabel": label,
            "StreamSpecification": told,
        }

    def _table(self, members: Members) -> Table:
        if members["TableName"] not in self.tables:
            raise Refused("ResourceNotFoundException", "Requested resource not found")
        return self.tables[members["TableName"]]

    # --- items -------------------------------------------------------------------------------------------

    def _putitem(self, members: Members) -> Members:
        self._change(self._table(members), members["Item"], members["Item"])
        return {}

    def _deleteitem(self, members: Members) -> Members:
        self._change(self._table(members), members["Key"], None)
        return {}

    def _getitem(self, members: Members) -> Members:
        table = self._table(members)
        found = table.items.get(_named(table.keys_of(members["Key"])))
        return {} if found is None else {"Item": found}

    def _change(self, table: Table, keyed: Members, new: Members | None) -> None:
        keys = table.keys_of(keyed)
        old = table.items.pop(_named(keys), None)
        if new is not None:
            table.items[_named(keys)] = new
        if old == new or table.stream is None:
            return  # what changes nothing is not told
        name = "INSERT" if old is None else "MODIFY" if new is not None else "REMOVE"
        images = _images(table.view, old, new)
        size = len(json.dumps([keys, images]))

        def shown(sequence: str, at_s: float) -> Members:
            return {
                "eventID": uuid.uuid4().hex,
                "eventName": name,
                "eventVersion": "1.1",
                "eventSource": "aws:dynamodb",
                "awsRegion": table.region,
                "dynamodb": {
                    "ApproximateCreationDateTime": int(at_s),
                    "Keys": keys,
                    **images,
                    "SequenceNumber": sequence,
                    "SizeBytes": size,
                    "StreamViewType": table.view,
                },
            }

        first = table.keys[0]["AttributeName"]
        self.log.put(table.stream, _named({first: keys[first]}), shown, size)

    # --- streams -----------------------------------------------------------------------------------------

    def _liststreams(self, members: Members) -> Members:
        tables = [one for one in self.tables.values() if members.get("TableName") in (None, one.name)]
        found = [(one.name, one.stream.arn) for one in tables if one.stream is not None]
        return {
            "Streams": [
                {"StreamArn": arn, "TableName": name, "StreamLabel": arn.rpartition("/")[2]}
                for name, arn in found
            ]
        }

    def _stream(self, arn: str) -> Stream:
        if arn not in self.log.streams:
            raise Refused(
                "ResourceNotFoundException", f"Requested resource not found: Stream: {arn} not found"
            )
        return self.log.streams[arn]

    def _describestream(self, members: Members) -> Members:
        stream = self._stream(members["StreamArn"])
        table = self.tables[stream.name]
        shards = list(stream.shards.values())
        if only := members.get("ShardFilter"):
            shards = [one for one in shards if only["ShardId"] in one.parents]
        after, most = members.get("ExclusiveStartShardId"), min(members.get("Limit", PAGE), self.page)
        found = list(paged(shards, after, most))
        told = {
            "StreamArn": stream.arn,
            "StreamLabel": stream.arn.rpartition("/")[2],
            "StreamStatus": "ENABLED",
            "StreamViewType": table.view,
            "CreationRequestDateTime": stream.made_s,
            "TableName": table.name,
            "KeySchema": table.keys,
            "Shards": [],
        }
        for one in found:
            numbers = {"StartingSequenceNumber": self.log.told(one.opened)}
            if one.closed is not None:
                numbers["EndingSequenceNumber"] = self.log.told(one.closed)
            parent = {"ParentShardId": one.parents[0]} if one.parents else {}
            told["Shards"].append({"ShardId": one.id, "SequenceNumberRange": numbers, **parent})
        if found and found[-1] is not shards[-1]:
            told["LastEvaluatedShardId"] = found[-1].id
        return {"StreamDescription": told}

    def _getsharditerator(self, members: Members) -> Members:
        stream = self._stream(members["StreamArn"])
        shard = stream.shards.get(members["ShardId"])
        if shard is None:
            raise Refused("ResourceNotFoundException", f"Shard does not exist: {members['ShardId']}")
        kind, given = members["ShardIteratorType"], members.get("SequenceNumber")
        return {"ShardIterator": self.log.iterator(stream, shard, kind, given)}

    def _getrecords(self, members: Members) -> Members:
        read = self.log.read(members["ShardIterator"], members.get("Limit", MOST_RECORDS), MOST_BYTES)
        following = {} if read.following is None else {"NextShardIterator": read.following}
        return {"Records": [one.shown for one in read.entries], **following}


def _named(keys: Members) -> str:
    return json.dumps(keys, sort_keys=True)


def _images(view: str | None, old: Members | None, new: Members | None) -> Members:
    shown: Members = {}
    if view in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES") and new is not None:
        shown["NewImage"] = new
    if view in ("OLD_IMAGE", "NEW_AND_OLD_IMAGES") and old is not None:
        shown["OldImage"] = old
    return shown
