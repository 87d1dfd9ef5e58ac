"""Kafka as a kind of source; implements `ports.event_sources.PollerMaker`."""

from __future__ import annotations

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.event_source_mapping import EventSourceMapping
from lambdad.domain.event_sources import SourceKind
from lambdad.domain.function import FunctionVersion
from lambdad.domain.scope import Scope
from lambdad.ports.event_sources import Poller, StartFrom
from lambdad.ports.kafka import KafkaTrouble
from lambdad.sources.kafka import troubles
from lambdad.sources.kafka.access import Inaccessible, unoffered
from lambdad.sources.kafka.poller import KafkaPoller, Tools
from lambdad.sources.kafka.settings import settings_of


class Kafkas:
    """Clusters of one kind.

    Args:
        kind: managed or self-managed.
        tools: of every poller.
    """

    def __init__(self, kind: SourceKind, tools: Tools) -> None:
        self._kind = kind
        self._tools = tools

    def poller(self, scope: Scope, mapping: EventSourceMapping) -> Poller:
        """One that has not begun."""
        return KafkaPoller(scope, mapping, self._tools)

    def not_polled(self) -> str | None:
        """Why no cluster can be read: nobody said where those of MSK are."""
        if self._kind is not SourceKind.MSK or self._tools.accesses.clusters:
            return None
        return (
            "No cluster of Amazon MSK is configured ([kafka_clusters] in lambdad.toml), so the mapping stays "
            "disabled."
        )

    async def admit(self, scope: Scope, mapping: EventSourceMapping, version: FunctionVersion) -> None:
        """Refuse what is never done; whether the cluster answers is told later, as on AWS.

        Raises:
            InvalidParameter: says what.
        """
        if (why := unoffered(mapping)) is not None:
            raise InvalidParameter(why)
        try:
            self._tools.accesses.servers(mapping)
        except Inaccessible as error:
            raise InvalidParameter(str(error)) from error

    async def forget(self, scope: Scope, mapping: EventSourceMapping) -> None:
        """Nothing is kept here; the cluster forgets a group without members by itself."""

    async def reset(self, scope: Scope, mapping: EventSourceMapping, start: StartFrom) -> None:
        """Have the group go on from there in every partition.

        Raises:
            InvalidParameter: the cluster does not do it.
        """
        settings = settings_of(mapping)
        function = await self._tools.functions(scope, mapping.function_arn)
        if function is None:
            raise InvalidParameter("The function does not exist")
        try:
            access = await self._tools.accesses.of(scope, mapping, function)
            await self._tools.clusters.reset(access, settings.group, settings.topics, start)
        except Inaccessible as error:
            raise InvalidParameter(str(error)) from error
        except KafkaTrouble as error:
            raise InvalidParameter(troubles.told(error)) from error
