"""Makes what polls streams; its code is read when the first mapping of one is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lambdad.composition.queue_pollers import counts_of, functions_of
from lambdad.composition.sources import Polling
from lambdad.domain.event import Delivery
from lambdad.domain.event_sources import SourceKind
from lambdad.domain.limits import MAX_HELD_MESSAGE_BYTES, MAX_STREAM_CONNECTIONS
from lambdad.identity.authorization.poller_roles import RolesOfPollers
from lambdad.identity.authorization.role_courier import RoleCourier
from lambdad.neighbours.couriers import Couriers
from lambdad.neighbours.dynamodb_stream import SERVICES, DynamoDbStream
from lambdad.neighbours.kinesis_push import KinesisPush
from lambdad.neighbours.kinesis_stream import SERVICE, KinesisStream
from lambdad.neighbours.service_calls import ServiceCalls
from lambdad.ports.courier import Undeliverable
from lambdad.ports.event_sources import PollerMaker
from lambdad.sources.calls import FunctionCalls
from lambdad.sources.failures import OnFailure
from lambdad.sources.holding import Holding
from lambdad.sources.ordered import OrderedTools
from lambdad.sources.streams.poller import Tools
from lambdad.sources.streams.streams import Streams
from lambdad.storage.sqlite.checkpoints_sqlite import SqliteCheckpoints


def stream_pollers(polling: Polling) -> Mapping[SourceKind, PollerMaker]:
    """What makes pollers of both kinds of streams."""
    calls = ServiceCalls(polling.endpoints, polling.clock, most_idle=MAX_STREAM_CONNECTIONS)
    polling.stack.push_async_callback(calls.close)
    checkpoints = SqliteCheckpoints(polling.data_dir.checkpoints)
    polling.stack.callback(checkpoints.close)
    tools = Tools(
        KinesisStream(calls),
        ordered_tools(polling, calls),
        functions_of(polling.catalogue),
        RolesOfPollers(polling.allowed.authority, polling.clock),
        Holding(MAX_HELD_MESSAGE_BYTES),
        checkpoints,
        on_counts=counts_of(polling).counted,
        pushed=KinesisPush(calls),
    )
    of_tables = replace(tools, stream=DynamoDbStream(calls), pushed=None)
    return {
        SourceKind.KINESIS: Streams(SourceKind.KINESIS, tools, is_configured=lambda: calls.has(SERVICE)),
        SourceKind.DYNAMODB: Streams(
            SourceKind.DYNAMODB, of_tables, is_configured=lambda: any(map(calls.has, SERVICES))
        ),
    }


def ordered_tools(polling: Polling, calls: ServiceCalls) -> OrderedTools:
    """What calls functions with ordered records, and tells on-failure destinations."""
    courier = RoleCourier(Couriers(calls, _no_function), polling.allowed.sending)
    return OrderedTools(
        FunctionCalls(polling.invoker), OnFailure(courier, polling.clock), polling.clock, polling.measures
    )


async def _no_function(delivery: Delivery) -> None:
    """Functions are no destinations of mappings.

    Raises:
        Undeliverable: always.
    """
    raise Undeliverable(f"{delivery.target} is no destination of an event source mapping")
