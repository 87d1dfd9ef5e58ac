"""Calls the Logs API as a client does: JSON over the modelled service."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Sequence
from typing import Any

from lambdad.awsapi.model import load
from lambdad.awsapi.service import ModelledService
from lambdad.domain.arn import FunctionReference
from lambdad.domain.errors import AccessDenied
from lambdad.domain.http import Caller, Request, Response
from lambdad.domain.metric import Datum
from lambdad.domain.scope import Scope
from lambdad.storage.sqlite.logs_sqlite import SqliteLogStore
from lambdad.telemetry.filter_book import FilterBook
from lambdad.telemetry.filter_feed import FilterFeed
from lambdad.telemetry.live_tail import LiveTails
from lambdad.telemetry.logs_api import LogsParts, logs_handlers
from tests.fakes.resources import FakeResources

NOW_MS = 1_795_403_120_500
LOGS = load("logs")


class FixedClock:
    """Stands still unless it is moved."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS

    def now(self) -> float:
        return self.now_ms / 1000

    def monotonic(self) -> float:
        return self.now_ms / 1000


class Functions:
    """Functions that let CloudWatch Logs in, each with its own log group, and what they were sent."""

    def __init__(self) -> None:
        self.open = {"f"}
        self.closed = {"closed"}
        self.sent: list[tuple[str, dict[str, Any]]] = []

    async def log_group(self, scope: Scope, function: FunctionReference) -> str | None:
        return f"/aws/lambda/{function.name}" if function.name in self.open | self.closed else None

    async def lets_in(self, scope: Scope, function: FunctionReference, group: str) -> bool:
        return function.name in self.open

    async def deliver(self, scope: Scope, group: str, destination: str, body: bytes) -> None:
        if destination.rpartition(":")[2] not in self.open:
            raise AccessDenied("not let in")
        data = json.loads(body)["awslogs"]["data"]
        self.sent.append((destination, json.loads(gzip.decompress(base64.b64decode(data)))))


class Metrics:
    """Keeps what it is given: a `ports.metric_store.MetricSink`."""

    def __init__(self, kept: list[Datum]) -> None:
        self._kept = kept

    def put(self, data: Sequence[Datum]) -> None:
        self._kept += data


class LogsError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class LogsClient:
    """Attributes: store: the log store behind the API."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.store = SqliteLogStore(":memory:", self.clock)
        self.functions = Functions()
        self.metrics: list[Datum] = []
        self.book = FilterBook(FakeResources(lambda *_: True))
        self.tails = LiveTails(self.store, self.clock, period_s=0.05)
        self.feed = FilterFeed(
            self.store, self.book, self.clock, self.functions.deliver, Metrics(self.metrics), pace_s=0.0
        )
        parts = LogsParts(self.book, self.tails, self.functions)
        self._service = ModelledService(LOGS, logs_handlers(self.store, self.clock, parts))

    async def call(self, operation: str, *, scope: Scope | None = None, **params: Any) -> dict[str, Any]:
        response = await self.answer(operation, scope=scope, **params)
        assert isinstance(response.body, bytes)
        answer: dict[str, Any] = json.loads(response.body) if response.body else {}
        if response.status != 200:
            raise LogsError(answer["__type"].rpartition("#")[2], answer.get("message", ""))
        return answer

    async def answer(self, operation: str, *, scope: Scope | None = None, **params: Any) -> Response:
        """The whole answer, which may be a stream."""
        request = Request(
            method="POST",
            path="/",
            query=(),
            headers={
                "content-type": "application/x-amz-json-1.1",
                "x-amz-target": f"Logs_20140328.{operation}",
            },
            body=json.dumps(params).encode(),
            caller=Caller(scope or Scope()),
            request_id="id",
            base_url="http://127.0.0.1:4566",
        )
        return await self._service(request)

    async def pages(self, operation: str, member: str, **params: Any) -> list[dict[str, Any]]:
        """Every item of a paged operation."""
        found: list[dict[str, Any]] = []
        while True:
            answer = await self.call(operation, **params)
            found += answer[member]
            if "nextToken" not in answer:
                return found
            params["nextToken"] = answer["nextToken"]
