"""A subscriber's buffer: bounded, and every record is delivered, held or counted as dropped."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lambdad.worker.telemetry_api.buffer import Batch, RecordBuffer
from tests.forms import examples

MAX_ITEMS, MAX_BYTES = 5, 100


def test_a_buffer_gives_its_records_in_order_and_is_empty_then() -> None:
    buffer = RecordBuffer(MAX_ITEMS, MAX_BYTES)
    for record in (b"a", b"bb"):
        buffer.offer(record)
    assert buffer.take() == Batch([b"a", b"bb"], 3, 0, 0)
    assert not buffer.has_any
    assert buffer.take() == Batch([], 0, 0, 0)


def test_a_buffer_is_full_at_its_number_of_records_or_bytes() -> None:
    by_items, by_bytes = RecordBuffer(2, MAX_BYTES), RecordBuffer(MAX_ITEMS, 10)
    by_items.offer(b"a")
    by_bytes.offer(b"a" * 9)
    assert not by_items.is_full and not by_bytes.is_full
    by_items.offer(b"a")
    by_bytes.offer(b"a")
    assert by_items.is_full and by_bytes.is_full


def test_a_line_of_the_greatest_length_fits() -> None:
    buffer = RecordBuffer(MAX_ITEMS, MAX_BYTES)
    buffer.offer(b"x" * (MAX_BYTES + 60))
    assert len(buffer.take().records) == 1


def test_what_was_given_up_is_told_with_what_it_was_to_tell() -> None:
    buffer = RecordBuffer(1, MAX_BYTES)
    buffer.offer(b"one")
    buffer.offer(b"four")
    first = buffer.take()
    assert (first.dropped_records, first.dropped_bytes) == (1, 4)
    buffer.give_up(first)
    assert buffer.has_any
    assert buffer.take() == Batch([], 0, 2, 7)


class BufferMachine(RuleBasedStateMachine):
    """Offers, batches that are taken or given up, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.buffer = RecordBuffer(MAX_ITEMS, MAX_BYTES)
        self.offered_records = self.offered_bytes = 0
        self.arrived_records = self.arrived_bytes = 0
        self.flying: Batch | None = None

    @rule(size=st.integers(0, 250))
    def offer(self, size: int) -> None:
        self.buffer.offer(b"x" * size)
        self.offered_records += 1
        self.offered_bytes += size

    @precondition(lambda self: self.flying is None)
    @rule()
    def take(self) -> None:
        self.flying = self.buffer.take()

    @precondition(lambda self: self.flying is not None)
    @rule(taken=st.booleans())
    def land(self, taken: bool) -> None:
        batch, self.flying = self.flying, None
        assert batch is not None
        if taken:
            self.arrived_records += len(batch.records) + batch.dropped_records
            self.arrived_bytes += batch.size + batch.dropped_bytes
        else:
            self.buffer.give_up(batch)

    @invariant()
    def it_is_bounded(self) -> None:
        assert self.buffer.size <= 2 * MAX_BYTES

    def teardown(self) -> None:
        if self.flying is not None:
            self.land(taken=False)
        self.take()
        self.land(taken=True)
        assert (self.arrived_records, self.arrived_bytes) == (self.offered_records, self.offered_bytes)


TestBuffer = BufferMachine.TestCase
TestBuffer.settings = settings(max_examples=examples(100), stateful_step_count=40)


@given(st.lists(st.binary(max_size=120), max_size=60))
def test_delivered_and_dropped_are_what_was_offered(records: list[bytes]) -> None:
    buffer = RecordBuffer(MAX_ITEMS, MAX_BYTES)
    for record in records:
        buffer.offer(record)
    batch = buffer.take()
    assert len(batch.records) + batch.dropped_records == len(records)
    assert batch.size + batch.dropped_bytes == sum(map(len, records))
    assert batch.records == records[: len(batch.records)] or batch.dropped_records
    assert len(batch.records) <= MAX_ITEMS
