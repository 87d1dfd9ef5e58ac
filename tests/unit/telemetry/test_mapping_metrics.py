"""Metrics of event source mappings: those that ask for them have them, summed up by second."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lambdad.domain.event_source_mapping import EventSourceMapping
from lambdad.domain.event_sources import SourceKind
from lambdad.domain.mapping_states import MappingState
from lambdad.domain.metric import Datum
from lambdad.domain.scope import Scope
from lambdad.ports.event_sources import EventCounts
from lambdad.telemetry.mapping_metrics import MappingMetrics
from tests.fakes.moments import FakeClock

HERE = Scope()
COUNTED = {"MetricsConfig": {"Metrics": ["EventCount"]}}


class Scene:
    """A sink, and what is to be called later."""

    def __init__(self) -> None:
        self.put_data: list[Datum] = []
        self.waiting: list[Callable[[], None]] = []
        self.metrics = MappingMetrics(self, FakeClock(), lambda _, call: self.waiting.append(call))

    def put(self, data: Sequence[Datum]) -> None:
        self.put_data += data


def mapping(uuid: str, settings: dict[str, object]) -> EventSourceMapping:
    arn = "arn:aws:lambda:us-east-1:000000000000:function:f"
    queue = "arn:aws:sqs:us-east-1:000000000000:q"
    return EventSourceMapping(uuid, SourceKind.SQS, arn, queue, settings, True, MappingState.ENABLED, 0.0)


def test_counts_of_a_second_are_one_sum_for_each_mapping() -> None:
    scene = Scene()
    for uuid in ("a", "b", "a"):
        scene.metrics.counted(HERE, mapping(uuid, COUNTED), EventCounts(polled=3, filtered_out=1))
    scene.metrics.counted(HERE, mapping("a", COUNTED), EventCounts(invoked=2, failed_invoke=1, deleted=1))
    assert scene.put_data == []
    assert len(scene.waiting) == 1
    scene.waiting.pop()()
    found = {
        (dict(one.key.dimensions)["EventSourceMappingUUID"], one.key.name): one for one in scene.put_data
    }
    assert {key: one.values for key, one in found.items()} == {
        ("a", "PolledEventCount"): (6.0,),
        ("a", "FilteredOutEventCount"): (2.0,),
        ("b", "PolledEventCount"): (3.0,),
        ("b", "FilteredOutEventCount"): (1.0,),
        ("a", "InvokedEventCount"): (2.0,),
        ("a", "FailedInvokeEventCount"): (1.0,),
        ("a", "DeletedEventCount"): (1.0,),
    }
    assert {one.unit for one in scene.put_data} == {"Count"}
    scene.metrics.counted(HERE, mapping("a", COUNTED), EventCounts(polled=1))
    scene.waiting.pop()()
    assert [one.values for one in scene.put_data[7:]] == [(1.0,)]


def test_errors_are_counted_for_who_asks_for_them_alone() -> None:
    scene = Scene()
    errors = EventCounts(polled=3, committed=2, polling_errors=1, invoke_errors=4, commit_errors=5)
    scene.metrics.counted(HERE, mapping("a", {"MetricsConfig": {"Metrics": ["ErrorCount"]}}), errors)
    scene.metrics.counted(HERE, mapping("b", COUNTED), errors)
    scene.waiting.pop()()
    found = {
        (dict(one.key.dimensions)["EventSourceMappingUUID"], one.key.name): one.values
        for one in scene.put_data
    }
    assert found == {
        ("a", "PollingErrorCount"): (1.0,),
        ("a", "InvokeErrorCount"): (4.0,),
        ("a", "CommitErrorCount"): (5.0,),
        ("b", "PolledEventCount"): (3.0,),
        ("b", "CommittedEventCount"): (2.0,),
    }


def test_lags_of_partitions_are_put_as_their_most_and_their_sum() -> None:
    scene = Scene()
    asks = mapping("a", {"MetricsConfig": {"Metrics": ["KafkaMetrics"]}})
    scene.metrics.lagging(HERE, asks, [3, 0, 5])
    scene.metrics.lagging(HERE, asks, [])
    scene.metrics.lagging(HERE, mapping("b", COUNTED), [7])
    assert [
        (dict(one.key.dimensions), one.key.namespace, one.key.name, one.values) for one in scene.put_data
    ] == [
        ({"EventSourceMappingUUID": "a"}, "AWS/Lambda", "MaxOffsetLag", (5.0,)),
        ({"EventSourceMappingUUID": "a"}, "AWS/Lambda", "SumOffsetLag", (8.0,)),
    ]


def test_a_mapping_that_asks_for_none_has_none() -> None:
    scene = Scene()
    for settings in ({}, {"MetricsConfig": {}}, {"MetricsConfig": {"Metrics": ["KafkaMetrics"]}}):
        scene.metrics.counted(HERE, mapping("a", settings), EventCounts(polled=3))
    assert (scene.waiting, scene.put_data) == ([], [])
