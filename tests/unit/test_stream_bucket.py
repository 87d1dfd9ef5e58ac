"""How fast a streamed response may go: a burst, then a steady rate in steps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lambdad.domain.limits import MIB, STREAM_BURST_BYTES, STREAM_BYTES_PER_S, STREAM_REFILL_S
from lambdad.domain.streaming import Bucket

REFILL = 256 * 1024


def test_the_burst_passes_at_once_and_the_first_byte_behind_it_waits_for_a_refill() -> None:
    bucket = Bucket.full(100.0).take(6 * MIB, 100.0)
    assert bucket.wait_s(100.0) == 0.0
    assert bucket.take(1, 100.0).wait_s(100.0) == STREAM_REFILL_S


def test_what_is_owed_is_paid_in_whole_refills() -> None:
    bucket = Bucket.full(0.0).take(6 * MIB + 3 * REFILL, 0.0)
    assert bucket.wait_s(0.0) == 3 * STREAM_REFILL_S
    assert bucket.wait_s(0.3) == 3 * STREAM_REFILL_S - 0.3
    assert bucket.wait_s(3 * STREAM_REFILL_S) == 0.0
    assert bucket.take(0, 0.25).tokens == -REFILL


def test_a_stream_that_pauses_saves_up_its_burst_and_no_more() -> None:
    bucket = Bucket.full(0.0).take(6 * MIB, 0.0).take(0, 3600.0)
    assert bucket.tokens == STREAM_BURST_BYTES


def test_a_clock_that_stands_still_or_goes_back_gives_nothing() -> None:
    bucket = Bucket.full(50.0).take(6 * MIB, 50.0)
    assert bucket.take(0, 50.0).tokens == 0
    assert bucket.take(0, 49.0).tokens == 0


@given(st.lists(st.integers(1, REFILL), min_size=1, max_size=300))
def test_no_stream_gets_ahead_of_its_burst_and_rate_by_more_than_one_read(reads: list[int]) -> None:
    now, passed, bucket = 0.0, 0, Bucket.full(0.0)
    for size in reads:
        passed += size
        bucket = bucket.take(size, now)
        assert passed <= STREAM_BURST_BYTES + STREAM_BYTES_PER_S * now + REFILL
        now += bucket.wait_s(now)
    assert bucket.take(0, now).tokens >= 0 or bucket.wait_s(now) == 0.0


@given(st.integers(1, 40 * MIB))
def test_a_large_stream_takes_as_long_as_its_rate_says(size: int) -> None:
    now, left, bucket = 0.0, size, Bucket.full(0.0)
    while left:
        read = min(left, REFILL)
        left -= read
        bucket = bucket.take(read, now)
        now += bucket.wait_s(now)
    least = (size - STREAM_BURST_BYTES) / STREAM_BYTES_PER_S
    assert least <= now <= max(0.0, least) + STREAM_REFILL_S
