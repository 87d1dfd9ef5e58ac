"""Calls the Logs API as a client does: JSON over the modelled service."""

from __future__ import annotations

import json
from typing import Any

from lambdad.awsapi.model import load
from lambdad.awsapi.service import ModelledService
from lambdad.domain.http import Caller, Request
from lambdad.domain.scope import Scope
from lambdad.storage.sqlite.logs_sqlite import SqliteLogStore
from lambdad.telemetry.logs_api import logs_handlers

NOW_MS = 1_795_403_120_500
LOGS = load("logs")


class FixedClock:
    def now(self) -> float:
        return NOW_MS / 1000

    def monotonic(self) -> float:
        return 0.0


class LogsError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class LogsClient:
    """Attributes: store: the log store behind the API."""

    def __init__(self) -> None:
        clock = FixedClock()
        self.store = SqliteLogStore(":memory:", clock)
        self._service = ModelledService(LOGS, logs_handlers(self.store, clock))

    async def call(self, operation: str, *, scope: Scope | None = None, **params: Any) -> dict[str, Any]:
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
        response = await self._service(request)
        assert isinstance(response.body, bytes)
        answer: dict[str, Any] = json.loads(response.body) if response.body else {}
        if response.status != 200:
            raise LogsError(answer["__type"].rpartition("#")[2], answer.get("message", ""))
        return answer

    async def pages(self, operation: str, member: str, **params: Any) -> list[dict[str, Any]]:
        """Every item of a paged operation."""
        found: list[dict[str, Any]] = []
        while True:
            answer = await self.call(operation, **params)
            found += answer[member]
            if "nextToken" not in answer:
                return found
            params["nextToken"] = answer["nextToken"]
