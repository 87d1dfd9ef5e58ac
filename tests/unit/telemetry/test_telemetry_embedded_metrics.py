"""Metrics in what functions print: what counts, where it counts, and what breaks the rules."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from measured import AT_MS, HERE

from lambdad.domain.limits import MAX_EMF_BYTES, MAX_EMF_DATA
from lambdad.domain.metric import Datum
from lambdad.domain.platform_log import InvocationRecord, LogLine, LogText, Printed, spread
from lambdad.ports.log_store import StreamKey
from lambdad.telemetry.embedded_metrics.document import NotJson, NotValid, data_of
from lambdad.telemetry.embedded_metrics.reading import read_waiting
from lambdad.telemetry.embedded_metrics.watching_sink import WatchingSink

STREAM = StreamKey(HERE, "/aws/lambda/f", "s")


def document(**changes: Any) -> dict[str, Any]:
    directive = {
        "Namespace": "shop",
        "Dimensions": [["service"]],
        "Metrics": [{"Name": "orders", "Unit": "Count"}],
    }
    meta = {"Timestamp": AT_MS, "CloudWatchMetrics": [directive]}
    root: dict[str, Any] = {"_aws": meta, "service": "till", "orders": 3}
    for name, value in changes.items():
        (directive if name in directive else meta if name in meta else root)[name] = value
    return root


def read(root: Any) -> list[Datum]:
    return data_of(json.dumps(root), HERE, AT_MS)


def test_a_document_is_its_metrics() -> None:
    (datum,) = read(document())
    assert datum.key.scope == HERE
    assert (datum.key.namespace, datum.key.name, datum.key.dimensions) == (
        "shop",
        "orders",
        (("service", "till"),),
    )
    assert (datum.at_ms, tuple(datum.values), datum.unit, datum.is_fine) == (AT_MS, (3.0,), "Count", False)


def test_several_values_sets_of_dimensions_and_directives() -> None:
    root = document(Dimensions=[[], ["service"], ["service", "zone"]], zone="b", orders=[1, 2.5])
    root["_aws"]["CloudWatchMetrics"].append(
        {
            "Namespace": "other",
            "Dimensions": [[]],
            "Metrics": [{"Name": "service-time", "StorageResolution": 1}],
        }
    )
    root["service-time"] = 0.25
    *orders, fine = read(root)
    assert [one.key.dimensions for one in orders] == [
        (),
        (("service", "till"),),
        (("service", "till"), ("zone", "b")),
    ]
    assert {tuple(one.values) for one in orders} == {(1.0, 2.5)}
    assert (fine.key.namespace, fine.unit, fine.is_fine) == ("other", "None", True)


@pytest.mark.parametrize(
    "before", ["", "2026-11-27T00:00:00.000Z\tid-1\tINFO\t", "[INFO]\t2026-11-27T00:00:00Z\tid-1\t"]
)
def test_what_a_runtime_puts_in_front_does_not_matter(before: str) -> None:
    assert len(data_of(f"{before}{json.dumps(document())}\n", HERE, AT_MS)) == 1


@pytest.mark.parametrize(
    "text", ['"_aws"', '{"_aws": ', 'said {"_aws": {}} and more', '["_aws"]', '{"_aws": ' + "[" * 9_000]
)
def test_what_is_no_json_object_is_no_document(text: str) -> None:
    with pytest.raises(NotJson):
        data_of(text, HERE, AT_MS)


WRONG: Sequence[tuple[str, Callable[[], Any]]] = [
    ("_aws is no object", lambda: {"_aws": 1}),
    ("Timestamp is no number", lambda: document(Timestamp="now")),
    ("Timestamp is no number", lambda: document(Timestamp=True)),
    ("Timestamp is more than", lambda: document(Timestamp=AT_MS - 15 * 24 * 3_600_000)),
    ("Timestamp is more than", lambda: document(Timestamp=AT_MS + 3 * 3_600_000)),
    ("CloudWatchMetrics is no list", lambda: document(CloudWatchMetrics={})),
    ("a directive is no object", lambda: document(CloudWatchMetrics=[1])),
    ("Namespace is no text", lambda: document(Namespace="")),
    ("Namespace is reserved", lambda: document(Namespace="AWS/Lambda")),
    ("Namespace is reserved", lambda: document(Namespace=":x")),
    ("Dimensions is no list", lambda: document(Dimensions=None)),
    ("a DimensionSet is no list", lambda: document(Dimensions=["service"])),
    ("a dimension has no name", lambda: document(Dimensions=[[1]])),
    ("a dimension has no text", lambda: document(Dimensions=[["nowhere"]])),
    ("a dimension has no text", lambda: document(Dimensions=[["orders"]])),
    ("a DimensionSet has too many", lambda: document(
        Dimensions=[[f"d{n}" for n in range(31)]], **{f"d{n}": "v" for n in range(31)}
    )),
    ("Metrics is no list", lambda: document(Metrics={})),
    ("Metrics has too many", lambda: document(Metrics=[{"Name": "orders"}] * 101)),
    ("a metric is no object", lambda: document(Metrics=["orders"])),
    ("Unit is none", lambda: document(Metrics=[{"Name": "orders", "Unit": "Orders"}])),
    ("Unit is none", lambda: document(Metrics=[{"Name": "orders", "Unit": ["Count"]}])),
    ("StorageResolution", lambda: document(Metrics=[{"Name": "orders", "StorageResolution": 30}])),
    ("Name is no text", lambda: document(Metrics=[{}])),
    ("a metric has no number", lambda: document(orders="3")),
    ("a metric has no number", lambda: document(orders=True)),
    ("a metric has no number", lambda: document(Metrics=[{"Name": "nowhere"}])),
    ("a metric has too many", lambda: document(orders=[1] * 101)),
    ("a value is too large", lambda: document(orders=1e200)),
    ("it counts in too many", lambda: document(Dimensions=[[]] * 11, Metrics=[{"Name": "orders"}] * 100)),
]  # fmt: skip


@pytest.mark.parametrize(("says", "broken"), WRONG)
def test_a_document_that_breaks_a_rule_makes_no_metric_at_all(says: str, broken: Callable[[], Any]) -> None:
    with pytest.raises(NotValid, match=says):
        read(broken())


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Namespace", "Metrics", "Name", "Dimensions", "Unit", "x"]), inner)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["_aws", "x"]), JSON), JSON, JSON)
def test_no_document_does_harm(root: dict[str, Any], directives: Any, time: Any) -> None:
    for tried in (root, {**root, "_aws": {"Timestamp": time, "CloudWatchMetrics": directives}}):
        try:
            found = data_of(json.dumps(tried), HERE, AT_MS)
        except (NotJson, NotValid):
            continue
        assert len(found) <= MAX_EMF_DATA


class Log:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def write(self, stream: StreamKey, lines: Sequence[Printed]) -> None:
        self.texts += [line.message for line in spread(lines)]

    def write_invocation(self, stream: StreamKey, record: InvocationRecord) -> None:
        self.write(stream, record.lines)

    def has_room(self, stream: StreamKey, on_room: Callable[[], None]) -> bool:
        return False


def lines(*roots: Any) -> list[LogLine]:
    return [LogLine(AT_MS, one if isinstance(one, str) else json.dumps(one)) for one in roots]


def record(*printed: LogLine) -> InvocationRecord:
    return InvocationRecord("id", "1", AT_MS, AT_MS, 1.0, 1, 128, 30, lines=printed)


def test_everything_goes_to_the_log_and_metrics_are_found_in_it() -> None:
    log = Log()
    sink = WatchingSink(log)
    sink.write(STREAM, lines("hello", document()))
    sink.write_invocation(STREAM, record(*lines(document(orders=4))))
    sink.write_invocation(STREAM, record())
    assert len(log.texts) == 3
    assert not sink.has_room(STREAM, lambda: None)
    data = read_waiting(sink.take(), AT_MS)
    assert [(one.key.name, *one.values) for one in data] == [("orders", 3.0), ("orders", 4.0)]
    assert sink.take() == []


def test_metrics_are_found_in_many_lines_that_are_handed_over_as_one_text() -> None:
    log = Log()
    sink = WatchingSink(log)
    printed = "".join(
        f"{json.dumps(one)}\n" for one in (document(orders=1), {"plain": 1}, document(orders=2))
    )
    sink.write(STREAM, [LogText(AT_MS, printed.encode(), 3), LogText(AT_MS, b"hello\nagain\n", 2)])
    assert len(log.texts) == 5
    assert [one.values[0] for one in read_waiting(sink.take(), AT_MS)] == [1.0, 2.0]


def test_lines_that_break_the_rules_are_counted_by_log_group() -> None:
    sink = WatchingSink(Log())
    sink.write(STREAM, lines('"_aws"', document(orders="x"), document(orders="y"), document()))
    found = {one.key.name: one for one in read_waiting(sink.take(), AT_MS)}
    assert found.keys() == {"orders", "EMFParsingErrors", "EMFValidationErrors"}
    invalid = found["EMFValidationErrors"]
    assert (invalid.key.namespace, invalid.key.dimensions) == (
        "AWS/Logs",
        (("LogGroupName", "/aws/lambda/f"),),
    )
    assert (tuple(invalid.values), tuple(invalid.counts)) == ((1.0,), (2.0,))


def test_what_waits_is_bounded_and_the_log_has_it_all_the_same() -> None:
    log = Log()
    size = len(json.dumps(document()))
    sink = WatchingSink(log, most_bytes=2 * size)
    sink.write(STREAM, lines(document(), document(), document()))
    assert (len(sink.take()), sink.lost, len(log.texts)) == (2, 1, 3)
    sink.write(STREAM, lines(document()))
    assert len(sink.take()) == 1


def test_a_line_longer_than_an_event_may_be_is_not_read() -> None:
    sink = WatchingSink(Log())
    sink.write(STREAM, lines(document(padding="x" * MAX_EMF_BYTES)))
    assert (sink.take(), sink.lost) == ([], 1)
