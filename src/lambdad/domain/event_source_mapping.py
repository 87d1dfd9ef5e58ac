"""Event source mappings: which function reads which source, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lambdad.domain.event_sources import SourceKind
from lambdad.domain.mapping_states import Change, MappingState, move
from lambdad.domain.resource import ACCOUNT, Kind, Place
from lambdad.domain.scope import Scope


def on_failure_of(config: Mapping[str, Any] | None) -> str:
    """Whom a `DestinationConfig` tells what is given up: an ARN, ``kafka://`` and a topic; empty for none."""
    target: str = ((config or {}).get("OnFailure") or {}).get("Destination") or ""
    return target


@dataclass(frozen=True, slots=True)
class EventSourceMapping:
    """A mapping of an account and region.

    Attributes:
        uuid: identifies it.
        function_arn: qualified as the request was; the function may have been deleted since.
        source_arn: None for self-managed Kafka, whose servers are in `settings`.
        settings: members of CreateEventSourceMapping by AWS's names, checked, with what the kind fills in;
            times are seconds since the epoch. What is not there, AWS leaves out.
        is_wanted: whether it shall be polled, as `Enabled` said.
        last_modified_s: seconds since the epoch.
    """

    uuid: str
    kind: SourceKind
    function_arn: str
    source_arn: str | None
    settings: Mapping[str, Any]
    is_wanted: bool
    state: MappingState
    last_modified_s: float
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def function_name(self) -> str:
        """The bare name of the function."""
        return self.function_arn.split(":")[6]

    @property
    def servers(self) -> frozenset[str]:
        """What it connects to: the ARN, or the bootstrap servers of a self-managed cluster."""
        if self.source_arn is not None:
            return frozenset({self.source_arn})
        return frozenset(self.settings["SelfManagedEventSource"]["Endpoints"]["KAFKA_BOOTSTRAP_SERVERS"])

    @property
    def consumer_group(self) -> str | None:
        """The consumer group of Kafka; None for other kinds."""
        for member in ("AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig"):
            if member in self.settings:
                group: str = self.settings[member]["ConsumerGroupId"]
                return group
        return None

    def tagged(self, tags: Mapping[str, str]) -> EventSourceMapping:
        """The same mapping with these tags instead."""
        return replace(self, tags=dict(tags))

    def is_polled_as(self, other: EventSourceMapping) -> bool:
        """Whether a poller of the one does what the other says."""
        return (
            self.function_arn == other.function_arn
            and self.source_arn == other.source_arn
            and self.settings == other.settings
        )

    def is_same_as(self, other: EventSourceMapping) -> bool:
        """Whether both feed the same function from the same source, which AWS allows once only."""
        return (
            self.function_arn == other.function_arn
            and not self.servers.isdisjoint(other.servers)
            and self._part() == other._part()
        )

    def is_in_group_of(self, other: EventSourceMapping) -> bool:
        """Whether both are in one consumer group of one cluster, which AWS allows once only."""
        return (
            self.consumer_group is not None
            and self.consumer_group == other.consumer_group
            and not self.servers.isdisjoint(other.servers)
        )

    def moved(self, change: Change) -> EventSourceMapping | None:
        """The same mapping after a change; None when it is gone.

        Raises:
            ResourceInUse: another change is under way; in AWS's words.
        """
        state = move(self.state, change)
        return None if state is None else replace(self, state=state)

    def _part(self) -> tuple[object, ...]:
        """What of its source it reads: a topic, a queue, a database and collection; all of the others."""
        documents = self.settings.get("DocumentDBEventSourceConfig") or {}
        hosts = [
            access["URI"]
            for access in self.settings.get("SourceAccessConfigurations") or ()
            if access["Type"] == "VIRTUAL_HOST"
        ]
        return (
            *(self.settings.get("Topics") or ()),
            *(self.settings.get("Queues") or ()),
            *hosts,
            documents.get("DatabaseName"),
            documents.get("CollectionName"),
        )


MAPPINGS = Kind("event-source-mapping", EventSourceMapping, found_by=lambda mapping: mapping.function_arn)
"""Mappings, of the account, by UUID; found by the ARN of the function as they have it."""


def place_of(scope: Scope, uuid: str) -> Place:
    """Where a mapping is kept; it outlives its function."""
    return Place(scope, ACCOUNT, uuid)


def mapping_arn(scope: Scope, uuid: str) -> str:
    """The ARN of a mapping."""
    return scope.arn("lambda", f"event-source-mapping:{uuid}")


def uuid_of(scope: Scope, arn: str) -> str | None:
    """The UUID in an ARN of the model's pattern; None when it is of another account or region."""
    uuid = arn.rpartition(":")[2]
    return uuid if arn == mapping_arn(scope, uuid) else None
