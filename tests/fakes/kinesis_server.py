"""Kinesis, DynamoDB and DynamoDB Streams on loopback for tests, soak and bench: one process, answers at once.

``python -m tests.fakes.kinesis_server`` prints its port and serves until its input ends. What AWS has not,
with `steer`, where `stream` is an ARN: ``/fault`` (fields of `service_faults.Faults`; `slow` answers late),
``/trim`` (`stream`, perhaps `shard` and `before`), ``/expire``, ``/roll`` (`stream`, perhaps `parts`),
``/page`` (`most` shards in an answer), ``/region`` (of tables that are made), ``/requests`` (counts since it was asked last).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

from tests.fakes.json_server import running, serve, steer
from tests.fakes.kinesis_core import ACCOUNT, REGION, FakeKinesis
from tests.fakes.service_faults import Faults, Refused
from tests.fakes.shard_core import ShardLog
from tests.fakes.table_core import FakeTables

SLOW_S = 3.0
CUT_OFF = b'{"Records": [{"SequenceNumber": 7'


class Served:
    """Streams and tables of one account."""

    def __init__(self) -> None:
        self._kinesis = FakeKinesis(time.time)
        self._tables = FakeTables(time.time)
        self._by_prefix = {
            "Kinesis_20131202": self._kinesis,
            "DynamoDB_20120810": self._tables,
            "DynamoDBStreams_20120810": self._tables,
        }
        self._is_slow = False

    async def answer(self, path: str, target: str, body: bytes) -> tuple[int, bytes]:
        """The answer to one request."""
        members: dict[str, Any] = json.loads(body or b"{}")
        if path != "/":
            return 200, json.dumps(getattr(self, f"_{path[1:]}")(**members)).encode()
        prefix, _, operation = target.partition(".")
        if self._is_slow and operation == "GetRecords":
            await asyncio.sleep(SLOW_S)
        try:
            answer = self._by_prefix[prefix].call(operation, members)
        except Refused as error:
            return error.status, json.dumps({"__type": error.code, "message": error.said}).encode()
        return 200, CUT_OFF if answer is None else json.dumps(answer).encode()

    @property
    def _logs(self) -> tuple[ShardLog, ShardLog]:
        return self._kinesis.log, self._tables.log

    def _log(self, stream: str) -> ShardLog:
        return next(log for log in self._logs if stream in log.streams)

    def _fault(self, mode: str, **more: Any) -> None:
        self._is_slow = mode == "slow"
        for log in self._logs:
            log.faults = Faults("" if self._is_slow else mode, **more)

    def _trim(self, stream: str, **more: Any) -> None:
        log = self._log(stream)
        log.trim(log.streams[stream], **more)

    def _roll(self, stream: str, **more: Any) -> None:
        log = self._log(stream)
        log.roll(log.streams[stream], **more)

    def _expire(self) -> None:
        for log in self._logs:
            log.expire()

    def _page(self, most: int) -> None:
        self._kinesis.page = self._tables.page = most

    def _region(self, name: str) -> None:
        self._tables.region = name

    def _requests(self) -> dict[str, int]:
        told = self._kinesis.log.requests + self._tables.log.requests
        for log in self._logs:
            log.requests.clear()
        return dict(told)


def kinesis_server() -> AbstractContextManager[str]:
    """A server of its own process; its URL."""
    return running("tests.fakes.kinesis_server")


@contextlib.contextmanager
def trouble(url: str, mode: str, **more: Any) -> Iterator[None]:
    """Have a server misbehave meanwhile."""
    steer(url, "/fault", mode=mode, **more)
    try:
        yield
    finally:
        steer(url, "/fault", mode="")


__all__ = ["ACCOUNT", "REGION", "kinesis_server", "steer", "trouble"]

if __name__ == "__main__":
    serve(Served().answer, "1.1")
