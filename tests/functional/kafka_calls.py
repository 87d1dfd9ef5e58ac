"""A server that polls a cluster of Kafka, and short ways to write records and to see what functions got of them."""

from __future__ import annotations

import asyncio
import base64
import uuid
from dataclasses import dataclass
from typing import Any

from mapped_calls import Mapped

from tests.contract import kafka_contract
from tests.contract.kafka_contract import Brokers

TELLS = """
import json
def handler(event, context):
    print("GOT", json.dumps(event))
"""
SLOW = """
import json, time
def handler(event, context):
    print("GOT", json.dumps(event))
    time.sleep(3)
    print("ENDED", time.time())
"""
FAILS = """
def handler(event, context):
    raise ValueError("no")
"""
MSK = "arn:aws:kafka:us-east-1:000000000000:cluster/c/12345678-abcd-1234-efab-123456789012-1"


def configuration(broker: Brokers) -> str:
    """Settings that say where the cluster `MSK` is."""
    return f'[kafka_clusters]\n"{MSK}" = "{broker.plain}"\n'


@dataclass
class KafkaTopics(Mapped):
    """Topics that are mapped; `url` is where the broker is without TLS."""

    broker: Brokers

    def topic(self, partitions: int = 1) -> str:
        """Make a topic."""
        return asyncio.run(kafka_contract.made_topic(self.broker.plain, partitions))

    def put(self, topic: str, *values: str, partition: int = 0) -> None:
        """Write records in order."""
        asyncio.run(kafka_contract.put(self.broker.plain, topic, *values, partition=partition))

    def function(self, source: str = TELLS, **parameters: Any) -> str:
        """Create a function that tells what it got."""
        return self.made(source, **parameters)

    def own(self, function: str, topic: str, **settings: Any) -> str:
        """Map a topic of the cluster as a self-managed one, from the oldest record on; the UUID of the mapping."""
        given: dict[str, Any] = {
            "SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": [self.broker.plain]}},
            "SourceAccessConfigurations": [{"Type": "VPC_SUBNET", "URI": "subnet:subnet-0123456789abcdef0"}],
            "StartingPosition": "TRIM_HORIZON",
            "SelfManagedKafkaEventSourceConfig": {"ConsumerGroupId": str(uuid.uuid4())},
        }
        made = self.server.client().create_event_source_mapping(
            FunctionName=function, Topics=[topic], **(given | settings)
        )
        self.settled(made["UUID"], "Enabled")
        return str(made["UUID"])

    def msk(self, function: str, topic: str, **settings: Any) -> str:
        """Map a topic of the cluster as one of Amazon MSK."""
        return self.mapping(function, MSK, Topics=[topic], StartingPosition="TRIM_HORIZON", **settings)

    def values(self, function: str, calls: int) -> list[str]:
        """What the records of so many calls said, in order."""
        return [
            base64.b64decode(one["value"]).decode()
            for event in self.told(function, calls)
            for records in event["records"].values()
            for one in records
        ]
