"""Where batches are closed and cut."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.sources.batching import Bounds, cut, payload, wants_more


@given(
    st.lists(st.integers(2, 40), max_size=60),
    st.integers(1, 12),
    st.integers(20, 120),
)
def test_every_record_is_in_one_batch_in_order_and_no_batch_is_too_large(sizes, records, most_bytes):
    bounds = Bounds(records, payload_bytes=most_bytes)
    batches = cut(bounds, sizes)
    assert [at for batch in batches for at in batch] == list(range(len(sizes)))
    for batch in batches:
        assert 1 <= len(batch) <= records
        whole = payload([b"x" * sizes[at] for at in batch])
        assert len(whole) <= most_bytes or len(batch) == 1


@given(st.lists(st.integers(2, 40), min_size=2, max_size=40), st.integers(1, 12), st.integers(20, 120))
def test_no_batch_could_have_taken_the_first_of_the_next(sizes, records, most_bytes):
    batches = cut(Bounds(records, payload_bytes=most_bytes), sizes)
    for batch, following in itertools.pairwise(batches):
        whole = payload([b"x" * sizes[at] for at in [*batch, following[0]]])
        assert len(batch) == records or len(whole) > most_bytes


def test_the_event_of_a_batch_is_json():
    assert json.loads(payload([b'{"a":1}', b'{"a":2}'])) == {"Records": [{"a": 1}, {"a": 2}]}


@pytest.mark.parametrize(
    ("records", "size", "now_s", "more"),
    [(1, 10, 10.0, True), (5, 10, 10.0, False), (1, 100, 10.0, False), (1, 10, 12.0, False)],
)
def test_a_batch_is_closed_by_size_bytes_or_time(records, size, now_s, more):
    bounds = Bounds(5, window_s=2.0, payload_bytes=100)
    assert wants_more(bounds, records, size, first_s=10.0, now_s=now_s) is more
