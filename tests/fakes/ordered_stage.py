"""Calls with ordered records in virtual time, and an on-failure destination that does what a test says."""

from __future__ import annotations

import json
from typing import Any

from lambdad.domain.event import Delivery
from lambdad.domain.event_source_mapping import EventSourceMapping
from lambdad.domain.event_sources import SourceKind
from lambdad.domain.function import FunctionVersion
from lambdad.domain.mapping_states import MappingState
from lambdad.domain.measured import Noted
from lambdad.domain.scope import Scope
from lambdad.ports.event_sources import EventCounts
from lambdad.ports.measures import Measures
from lambdad.sources.calls import FunctionCalls
from lambdad.sources.failures import OnFailure
from lambdad.sources.ordered import Batch, OrderedCalls, OrderedTools
from lambdad.sources.watch import Watch
from tests.fakes.queue_stage import FUNCTION, HERE, Functions, VirtualSleep
from tests.fakes.worker import version_of

STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
TARGET = "arn:aws:sqs:us-east-1:000000000000:failures"


class Destination:
    """Takes records of failure; `refusals` are raised first, in order."""

    def __init__(self) -> None:
        self.refusals: list[Exception] = []
        self.taken: list[Delivery] = []

    async def bring(self, delivery: Delivery) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.taken.append(delivery)

    @property
    def documents(self) -> list[dict[str, Any]]:
        return [json.loads(one.body) for one in self.taken]


class OrderedStage:
    """A function, a destination and a mapping between.

    Attributes:
        settled: parts as ranges of positions, with whether the function did them.
        noted: what was measured.
    """

    def __init__(self, **settings: Any) -> None:
        self.sleep = VirtualSleep()
        self.clock = self.sleep.clock
        self.functions = Functions(self.clock)
        self.destination = Destination()
        self.version: FunctionVersion | None = version_of("f", scope=HERE)
        self.told: list[EventCounts] = []
        self.noted: list[Noted] = []
        self.settled: list[tuple[range, bool]] = []
        self.tools = OrderedTools(
            FunctionCalls(self.functions),
            OnFailure(self.destination, self.clock),
            self.clock,
            Measures(lambda _: None, self.noted.append),
        )
        self.watch = Watch(
            HERE,
            mapping_of(**settings),
            self.find,
            self.clock,
            self.sleep,
            lambda *told: self.told.append(told[2]),
        )
        self.calls = OrderedCalls(self.watch, self.tools)

    async def find(self, scope: Scope, arn: str) -> FunctionVersion | None:
        return self.version

    def batch(self, *names: str, arrived_s: float | None = None) -> Batch:
        """One whose records are their names."""
        now_s = self.clock.now() if arrived_s is None else arrived_s
        return Batch(
            names,
            [now_s] * len(names),
            lambda part: json.dumps({"Records": [names[at] for at in part]}).encode(),
            lambda part: {"KinesisBatchInfo": {"batchSize": len(part)}},
            "aws/lambda/uuid-1/shard-1/",
            lambda part, answer: self.settled.append((part, answer is not None)),
        )

    @property
    def events(self) -> list[list[str]]:
        """Records of every call, in order."""
        return [json.loads(request.payload)["Records"] for _, request in self.functions.calls]


def mapping_of(
    kind: SourceKind = SourceKind.KINESIS, source: str = STREAM, **settings: Any
) -> EventSourceMapping:
    """An enabled mapping."""
    return EventSourceMapping("uuid-1", kind, FUNCTION, source, settings, True, MappingState.ENABLED, 0.0)
