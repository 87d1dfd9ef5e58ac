"""The text formats, read back by Prometheus's own parsers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain

from lambdad.telemetry.prometheus.exposition import exposition, number, wants_open_metrics
from lambdad.telemetry.prometheus.family import Buckets, Family, Kind, Sample, by, counter, gauge

FAMILIES = [
    gauge("a_bytes", "Bytes.", 7, (("kind", "x"),)),
    counter("b_things", "Things.", 3),
    by(Kind.GAUGE, "c", "By state.", "state", [("idle", 1), ("busy", 0.5)]),
    Family(
        "d_seconds",
        Kind.HISTOGRAM,
        "Seconds.",
        (Sample((("f", "one"),), Buckets((2, 0, 1), 7.25)), Sample((), Buckets((0, 0, 0), 0.0))),
        bounds=(0.5, 2.0),
    ),
]


def read(families, *, as_open_metrics):
    parse = open_metrics if as_open_metrics else plain
    found = {}
    for family in parse("".join(exposition(families, open_metrics=as_open_metrics))):
        for sample in family.samples:
            found[sample.name, tuple(sample.labels.items())] = (family.type, sample.value)
    return found


@pytest.mark.parametrize("as_open_metrics", [False, True])
def test_every_kind_is_read_back_as_it_was(as_open_metrics):
    assert read(FAMILIES, as_open_metrics=as_open_metrics) == {
        ("a_bytes", (("kind", "x"),)): ("gauge", 7),
        ("b_things_total", ()): ("counter", 3),
        ("c", (("state", "idle"),)): ("gauge", 1),
        ("c", (("state", "busy"),)): ("gauge", 0.5),
        ("d_seconds_bucket", (("f", "one"), ("le", "0.5"))): ("histogram", 2),
        ("d_seconds_bucket", (("f", "one"), ("le", "2.0"))): ("histogram", 2),
        ("d_seconds_bucket", (("f", "one"), ("le", "+Inf"))): ("histogram", 3),
        ("d_seconds_sum", (("f", "one"),)): ("histogram", 7.25),
        ("d_seconds_count", (("f", "one"),)): ("histogram", 3),
        ("d_seconds_bucket", (("le", "0.5"),)): ("histogram", 0),
        ("d_seconds_bucket", (("le", "2.0"),)): ("histogram", 0),
        ("d_seconds_bucket", (("le", "+Inf"),)): ("histogram", 0),
        ("d_seconds_sum", ()): ("histogram", 0),
        ("d_seconds_count", ()): ("histogram", 0),
    }


@pytest.mark.parametrize("as_open_metrics", [False, True])
@given(st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20))
def test_any_label_comes_back(as_open_metrics, text):
    families = [gauge("a", f"Said of {text!r}.", 1, (("name", text),))]
    assert list(read(families, as_open_metrics=as_open_metrics)) == [("a", (("name", text),))]


def test_only_open_metrics_says_that_it_ends():
    assert "".join(exposition([], open_metrics=True)) == "# EOF\n"
    assert "".join(exposition([])) == ""


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", False),
        ("*/*", False),
        ("text/plain", False),
        ("application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5", True),
        ("text/plain, Application/OpenMetrics-Text", True),
        ("application/openmetrics-text;q=0", False),
    ],
)
def test_who_asks_for_open_metrics_gets_it(accept, wanted):
    assert wants_open_metrics(accept) is wanted


@pytest.mark.parametrize(
    ("value", "text"), [(1, "1"), (0.1, "0.1"), (math.inf, "+Inf"), (-math.inf, "-Inf"), (math.nan, "NaN")]
)
def test_numbers_are_written_in_full(value, text):
    assert number(value) == text
