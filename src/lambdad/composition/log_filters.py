"""Puts the filters of log groups between the log store, functions and metrics."""

from __future__ import annotations

from lambdad.domain.arn import FunctionReference, parse_function
from lambdad.domain.errors import AccessDenied
from lambdad.domain.event import Lane
from lambdad.domain.function import LATEST
from lambdad.domain.request_ids import Ids
from lambdad.domain.scope import Scope
from lambdad.events.queue import Accept, queued
from lambdad.identity.authorization.lambda_gate import LambdaGate
from lambdad.ports.catalogue_store import CatalogueStore
from lambdad.ports.clock import Clock
from lambdad.ports.log_store import LogStore
from lambdad.ports.metric_store import MetricSink
from lambdad.telemetry.filter_book import FilterBook
from lambdad.telemetry.filter_feed import FilterFeed
from lambdad.telemetry.live_tail import LiveTails
from lambdad.telemetry.log_names import group_arn
from lambdad.telemetry.logs_api import LogsParts


class FunctionDestination:
    """Functions as destinations of log events: implements `subscription_filters.Destination`."""

    def __init__(self, catalogue: CatalogueStore, gate: LambdaGate, accept: Accept, clock: Clock) -> None:
        self._catalogue = catalogue
        self._gate = gate
        self._accept = accept
        self._clock = clock
        self._ids = Ids()

    async def log_group(self, scope: Scope, function: FunctionReference) -> str | None:
        """The log group of a function; None when there is none."""
        version = await self._catalogue.read(scope, function.name, function.version or LATEST)
        return None if version is None else version.logging.log_group

    async def lets_in(self, scope: Scope, function: FunctionReference, group: str) -> bool:
        """Whether its policy lets CloudWatch Logs in, by either of its names.

        Source: spec of principals: ``logs.amazonaws.com``; user guide: ``logs.<region>.amazonaws.com``.
        """
        for name in ("logs.amazonaws.com", f"logs.{scope.region}.amazonaws.com"):
            if await self._gate.may_service(
                name,
                scope,
                function.name,
                source_arn=f"{group_arn(scope, group)}:*",
                source_account=scope.account,
                qualifier=function.qualifier,
            ):
                return True
        return False

    async def deliver(self, scope: Scope, group: str, destination: str, body: bytes) -> None:
        """Queue an event for a function, if it still lets CloudWatch Logs in.

        Raises:
            LambdadError: it does not, or the event cannot be stored.
        """
        function = parse_function(destination, scope)
        if not await self.lets_in(scope, function, group):
            raise AccessDenied("the function's policy does not let CloudWatch Logs invoke it")
        lane = Lane(scope, function.name, function.qualifier)
        trace = self._ids.trace(self._clock.now())
        refusal = await queued(self._accept, lane, self._ids.request_id(), body, trace)
        if refusal is not None:
            raise refusal


def log_parts(
    logs: LogStore,
    catalogue: CatalogueStore,
    gate: LambdaGate,
    accept: Accept,
    clock: Clock,
    metrics: MetricSink | None = None,
) -> tuple[LogsParts, FilterFeed]:
    """What the Logs API is made of, and what runs the filters, which begins with the book's.

    Args:
        logs: tells of events.
        catalogue: keeps filters, and has the functions.
        gate: knows their policies.
        accept: queues events for them.
        clock: of the machine.
        metrics: where metric filters measure; None where nobody keeps that.
    """
    destination = FunctionDestination(catalogue, gate, accept, clock)
    book = FilterBook(catalogue.resources)
    feed = FilterFeed(logs, book, clock, destination.deliver, metrics)
    return LogsParts(book, LiveTails(logs, clock), destination), feed
