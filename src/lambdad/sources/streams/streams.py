"""Streams as a kind of source: makes pollers, says whether a stream may be read, and moves its checkpoints.

Implements `ports.event_sources.PollerMaker`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.event_source_mapping import EventSourceMapping
from lambdad.domain.event_sources import SourceKind
from lambdad.domain.function import FunctionVersion
from lambdad.domain.scope import Scope
from lambdad.domain.stream_record import Shard
from lambdad.ports.event_sources import Poller, StartFrom
from lambdad.ports.record_stream import StreamTrouble
from lambdad.sources.streams import troubles
from lambdad.sources.streams.lineage_of_shards import discovered
from lambdad.sources.streams.poller import StreamPoller, Tools, closed_to
from lambdad.sources.streams.settings import settings_of

_NAMES: Final = {SourceKind.KINESIS: "Kinesis", SourceKind.DYNAMODB: "DynamoDB"}


class Streams:
    """One kind of stream.

    Args:
        kind: which.
        tools: of every poller.
        is_configured: whether there is an endpoint of the service now.
    """

    def __init__(self, kind: SourceKind, tools: Tools, *, is_configured: Callable[[], bool]) -> None:
        self._kind = kind
        self._tools = tools
        self._is_configured = is_configured

    def poller(self, scope: Scope, mapping: EventSourceMapping) -> Poller:
        """One that has not begun."""
        return StreamPoller(scope, mapping, self._tools)

    def not_polled(self) -> str | None:
        """Why no stream can be polled."""
        if self._is_configured():
            return None
        return (
            f"No {_NAMES[self._kind]} is configured or installed (lambdad neighbours install), so the "
            "mapping stays disabled."
        )

    async def admit(self, scope: Scope, mapping: EventSourceMapping, version: FunctionVersion) -> None:
        """Refuse a stream that is not there or is closed to the role.

        Raises:
            InvalidParameter: in AWS's words.
        """
        settings = settings_of(mapping)
        closed = closed_to(version, self._tools.roles, self._kind, settings)
        if closed is not None:
            raise InvalidParameter(closed)
        await self._shards(scope, settings.stream)

    async def forget(self, scope: Scope, mapping: EventSourceMapping) -> None:
        """Keep no checkpoint of a mapping that is gone."""
        await self._tools.checkpoints.replace(mapping.uuid, ())

    async def reset(self, scope: Scope, mapping: EventSourceMapping, start: StartFrom) -> None:
        """Read every shard that there is now from there on.

        Raises:
            InvalidParameter: the stream does not say which there are.
        """
        listed = await self._shards(scope, settings_of(mapping).stream)
        states = discovered({}, listed, start, self._tools.ordered.clock.now())
        await self._tools.checkpoints.replace(mapping.uuid, list(states.values()))

    async def _shards(self, scope: Scope, stream: str) -> list[Shard]:
        """The shards that a stream has now.

        Raises:
            InvalidParameter: it does not say.
        """
        try:
            return await self._tools.stream.shards(scope, stream)
        except StreamTrouble as error:
            raise InvalidParameter(troubles.told(self._kind, stream, str(error), error.code)) from error
