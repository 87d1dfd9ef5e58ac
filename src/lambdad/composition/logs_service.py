"""CloudWatch Logs: its code is read with its first request, or at the start when a log group has filters."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lambdad.awsapi.model import load
from lambdad.awsapi.service import ModelledService
from lambdad.domain.http import Request, Response
from lambdad.domain.log_filter import LOG_FILTERS
from lambdad.events.queue import Accept
from lambdad.identity.authorization.authority import Authority
from lambdad.identity.authorization.lambda_gate import LambdaGate
from lambdad.ports.catalogue_store import CatalogueStore
from lambdad.ports.clock import Clock
from lambdad.ports.log_store import LogStore
from lambdad.ports.metric_store import MetricSink

if TYPE_CHECKING:
    from lambdad.telemetry.filter_feed import FilterFeed
    from lambdad.telemetry.live_tail import LiveTails


class LogsService:
    """Implements `ports.service.Service`.

    Args:
        logs: where events are.
        catalogue: keeps filters, and has the functions they call.
        gate: knows the policies of those.
        accept: queues events for them.
        authority: decides on requests.
        metrics: where metric filters measure.
        clock: of the machine.
    """

    def __init__(
        self,
        logs: LogStore,
        catalogue: CatalogueStore,
        gate: LambdaGate,
        accept: Accept,
        authority: Authority,
        metrics: MetricSink,
        clock: Clock,
    ) -> None:
        self._logs = logs
        self._catalogue = catalogue
        self._gate = gate
        self._accept = accept
        self._authority = authority
        self._metrics = metrics
        self._clock = clock
        self._making = asyncio.Lock()
        self._service: ModelledService | None = None
        self._feed: FilterFeed | None = None
        self._tails: LiveTails | None = None

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        return await (self._service or await self._made())(request)

    async def start(self) -> None:
        """Go on with the filters there are."""
        if await self._catalogue.resources.everywhere(LOG_FILTERS):
            await self._made()

    def end_tails(self) -> None:
        """End every Live Tail; there will be no others."""
        if self._tails is not None:
            self._tails.close()

    async def close(self) -> None:
        """Run no filters any more, and hand on what they found."""
        if self._feed is not None:
            await self._feed.close()

    async def _made(self) -> ModelledService:
        async with self._making:
            if self._service is None:
                self._service = await self._make()
            return self._service

    async def _make(self) -> ModelledService:
        self._logs.prepare()  # beside what follows
        from lambdad.composition.log_filters import log_parts
        from lambdad.identity.authorization import logs_needs
        from lambdad.identity.authorization.service_gate import ServiceGate
        from lambdad.telemetry.logs_api import logs_handlers

        parts, self._feed = log_parts(
            self._logs, self._catalogue, self._gate, self._accept, self._clock, self._metrics
        )
        self._tails = parts.tails
        await parts.book.start()
        handlers = logs_handlers(self._logs, self._clock, parts)
        gate = ServiceGate(self._authority, logs_needs.needs_of)
        return ModelledService(load("logs"), handlers, authorize=gate)
