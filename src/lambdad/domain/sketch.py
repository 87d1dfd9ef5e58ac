"""Many values in little room, so that any percentile of them is known within 1 %.

A value falls into a bucket by its logarithm; a sketch is how many values each bucket has. Two sketches
added bucket by bucket are the sketch of both, so minutes make hours without the values. The idea is that of
Masson, Rim and Lee, "DDSketch: a fast and fully-mergeable quantile sketch" (2019).

Pure. Before it: `domain.metric_total` puts values in. After it: a store keeps the bytes of `pack`.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate

from lambdad.domain.limits import MAX_METRIC_BUCKETS, METRIC_SKETCH_ERROR, METRIC_VALUE_LIMIT

Buckets = dict[int, float]
"""How many values by bucket; bucket 0 is that of zero."""

_GAMMA = (1 + METRIC_SKETCH_ERROR) / (1 - METRIC_SKETCH_ERROR)
_LOG_GAMMA = math.log(_GAMMA)
_OF_ONE = 1 << 14  # the bucket of 1.0: all values of a metric fall between 1 and 2**15
_MIDDLE = 2 / (1 + _GAMMA)
_LEAST = 1 / METRIC_VALUE_LIMIT
_INDEX = "H"
_COUNTS = "BHIQd"  # array type codes of counts, the narrowest that holds them all
_HALF = 1e-9  # of all values: what rounding may do to a rank


def bucket_of(value: float) -> int:
    """The bucket of a value that is not negative."""
    return 0 if value < _LEAST else math.ceil(math.log(value) / _LOG_GAMMA) + _OF_ONE


def value_of(bucket: int) -> float:
    """The value that stands for all of a bucket, within the promised error of each."""
    return 0.0 if bucket == 0 else _MIDDLE * math.exp((bucket - _OF_ONE) * _LOG_GAMMA)


def pack(buckets: Mapping[int, float]) -> bytes:
    """A sketch as bytes: the type of the counts, then bucket numbers in order, then counts."""
    kept = sorted(trimmed(buckets).items())
    counts = [count for _, count in kept]
    code = _narrowest(counts)
    numbers = counts if code == "d" else [int(count) for count in counts]
    indexes = array(_INDEX, [bucket for bucket, _ in kept])
    return code.encode() + indexes.tobytes() + array(code, numbers).tobytes()


def unpack(packed: bytes) -> tuple[Sequence[int], Sequence[float]]:
    """Bucket numbers in order, and the counts of each."""
    code = chr(packed[0])
    counts = array(code)
    indexes = array(_INDEX)
    count = (len(packed) - 1) // (counts.itemsize + indexes.itemsize)
    middle = 1 + count * indexes.itemsize
    indexes.frombytes(packed[1:middle])
    counts.frombytes(packed[middle:])
    return indexes, counts


def trimmed(buckets: Mapping[int, float]) -> Mapping[int, float]:
    """A sketch of bounded size: when there are too many buckets, the lowest share one."""
    excess = len(buckets) - MAX_METRIC_BUCKETS
    if excess <= 0:
        return buckets
    inorder = sorted(buckets.items())
    shared = sum(count for _, count in inorder[: excess + 1])
    return {inorder[excess][0]: shared, **dict(inorder[excess + 1 :])}


def percentiles(
    buckets: Sequence[int],
    counts: Sequence[float],
    asked: Sequence[float],
    minimum: float,
    maximum: float,
) -> dict[float, float]:
    """The values below which so many percent of all are (the nearest rank).

    Args:
        buckets: in order.
        counts: of each bucket.
        asked: percentiles from 0 to 100.
        minimum: the least of the values; no answer is below it.
        maximum: the greatest.
    """
    ranks = list(accumulate(counts))
    total = ranks[-1]
    found = {}
    for percentile in asked:
        at = bisect_left(ranks, total * (percentile / 100 - _HALF))
        found[percentile] = min(max(value_of(buckets[at]), minimum), maximum)
    return found


def _narrowest(counts: Sequence[float]) -> str:
    if not all(float(count).is_integer() for count in counts):
        return "d"
    greatest = max(counts)
    return next((code for code in _COUNTS[:-1] if greatest < 1 << 8 * array(code).itemsize), "d")
