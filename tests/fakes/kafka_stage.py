"""A poller of Kafka in virtual time, with a cluster, secrets and a function that do what a test says."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from lambdad.domain.event_source_mapping import EventSourceMapping
from lambdad.domain.event_sources import SourceKind
from lambdad.domain.kafka_record import Partition
from lambdad.domain.mapping_states import MappingState
from lambdad.domain.outcome import Outcome
from lambdad.domain.scope import Scope
from lambdad.ports.secrets import SecretNotRead
from lambdad.sources.holding import Holding
from lambdad.sources.kafka.access import Accesses
from lambdad.sources.kafka.poller import KafkaPoller, Tools
from tests.fakes.kafka_core import FakeCluster
from tests.fakes.ordered_stage import OrderedStage
from tests.fakes.queue_stage import FAILED, FUNCTION, HERE

SERVERS = ["broker-1:9092", "broker-2:9092"]
SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:s-abcdef"
CLUSTER = "arn:aws:kafka:us-east-1:000000000000:cluster/c/12345678-abcd-1234-efab-123456789012-1"
GROUP = "uuid-1"
FIRST, SECOND = Partition("t", 0), Partition("t", 1)


class Secrets:
    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    async def read(self, scope: Scope, arn: str) -> str:
        if arn not in self.texts:
            raise SecretNotRead("there is none")
        return self.texts[arn]


class Roles:
    def __init__(self) -> None:
        self.refused: str | None = None

    def lacking(self, role: str, function: str, actions: Any, resource: str) -> str | None:
        return self.refused if self.refused in actions else None


class KafkaStage(OrderedStage):
    """A mapping of the topic ``t``."""

    def __init__(self, partitions: int = 1) -> None:
        super().__init__()
        self.cluster = FakeCluster(self.sleep, "t", partitions=partitions)
        self.secrets, self.roles, self.holding = Secrets(), Roles(), Holding(1_000_000)
        self.msk: dict[str, tuple[str, ...]] = {}
        self.lags: list[Sequence[int]] = []
        self.kafka = Tools(
            self.cluster,
            Accesses(self.secrets, self.roles, self.msk),
            self.tools,
            self.find,
            self.holding,
            self.sleep,
            lambda *told: self.told.append(told[2]),
            lambda *told: self.lags.append(told[2]),
        )

    def mapping(
        self, kind: SourceKind = SourceKind.SELF_MANAGED_KAFKA, **settings: Any
    ) -> EventSourceMapping:
        given = {
            "Topics": ["t"],
            "BatchSize": 100,
            "StartingPosition": "TRIM_HORIZON",
            "SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": SERVERS}},
            **settings,
        }
        source = CLUSTER if kind is SourceKind.MSK else None
        return EventSourceMapping("uuid-1", kind, FUNCTION, source, given, True, MappingState.ENABLED, 0.0)

    def poller(self, **settings: Any) -> KafkaPoller:
        poller = KafkaPoller(HERE, self.mapping(**settings), self.kafka)
        poller.start()
        return poller

    @property
    def payloads(self) -> list[Any]:
        return [json.loads(request.payload) for _, request in self.functions.calls]

    @property
    def batches(self) -> list[list[str]]:
        return [values_of(event) for event in self.payloads]

    def counted(self, what: str) -> int:
        """How many events, or errors, were told of so far, by their name in `EventCounts`."""
        return sum(getattr(one, what) for one in self.told)

    def kept(self, partition: Partition = FIRST) -> int:
        return self.cluster.offsets[GROUP][partition].offset


def values_of(event: Any) -> list[str]:
    return [base64.b64decode(one["value"]).decode() for all_ in event["records"].values() for one in all_]


def failing(*values: str) -> Any:
    return lambda event: FAILED if set(values) & set(values_of(event)) else Outcome(b"null")
