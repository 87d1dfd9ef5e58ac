"""A function scales by 1,000 environments every ten seconds, and never by more at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lambdad.placement import scaling_rate
from lambdad.placement.scaling_rate import ScalingBucket


def started(bucket: ScalingBucket, now: float) -> tuple[int, ScalingBucket]:
    count = 0
    while (left := scaling_rate.take(bucket, now)) is not None:
        count, bucket = count + 1, left
    return count, bucket


def test_a_thousand_at_once_and_the_next_ones_as_the_bucket_is_refilled() -> None:
    count, bucket = started(scaling_rate.full(50.0), 50.0)
    assert count == 1_000
    count, bucket = started(bucket, 50.5)
    assert count == 50
    assert scaling_rate.take(bucket, 50.505) is None


def test_what_is_not_used_is_not_gathered() -> None:
    assert started(scaling_rate.full(0.0), 3_600.0)[0] == 1_000


def test_a_bucket_that_is_full_again_can_be_forgotten() -> None:
    bucket = scaling_rate.take(scaling_rate.full(0.0), 0.0)
    assert bucket is not None
    assert not scaling_rate.is_full(bucket, 0.0)
    assert scaling_rate.is_full(bucket, 0.1)


@given(st.lists(st.floats(0, 2), max_size=30))
def test_no_ten_seconds_start_more_than_twice_a_thousand(pauses: list[float]) -> None:
    bucket, now, log = scaling_rate.full(0.0), 0.0, []
    for pause in pauses:
        now += pause
        count, bucket = started(bucket, now)
        log.append((now, count))
    for begin, _ in log:
        assert sum(count for at, count in log if begin <= at < begin + 10) <= 2_000
