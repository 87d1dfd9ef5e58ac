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
_WHOLE = "BHI"  # array type codes of ranks, the narrowest that holds them; "d" for all others
_INDEX_BYTES = array(_INDEX).itemsize
_BYTES = {code: array(code).itemsize for code in (*_WHOLE, "d")}
_HALF = 1e-9  # of all values: what rounding may do to a rank


def bucket_of(value: float) -> int:
    """The bucket of a value that is not negative."""
    return 0 if value < _LEAST else math.ceil(math.log(value) / _LOG_GAMMA) + _OF_ONE


def value_of(bucket: int) -> float:
    """The value that stands for all of a bucket, within the promised error of each."""
    return 0.0 if bucket == 0 else _MIDDLE * math.exp((bucket - _OF_ONE) * _LOG_GAMMA)


def pack(buckets: Mapping[int, float]) -> bytes:
    """A sketch as bytes: the type of the ranks, then bucket numbers in order, then their ranks."""
    kept = sorted(trimmed(buckets).items())
    ranks = list(accumulate(count for _, count in kept))
    code = _narrowest(ranks)
    numbers = ranks if code == "d" else [int(rank) for rank in ranks]
    indexes = array(_INDEX, [bucket for bucket, _ in kept])
    return code.encode() + indexes.tobytes() + array(code, numbers).tobytes()


def unpack(packed: bytes) -> tuple[Sequence[int], Sequence[float]]:
    """Bucket numbers in order, and the rank of each: how many values there are up to its end."""
    code = chr(packed[0])
    middle = 1 + (len(packed) - 1) // (_INDEX_BYTES + _BYTES[code]) * _INDEX_BYTES
    return array(_INDEX, packed[1:middle]), array(code, packed[middle:])


def pour(into: Buckets, packed: bytes) -> None:
    """Add a sketch that is packed."""
    before = 0.0
    there = into.get
    for bucket, rank in zip(*unpack(packed), strict=True):
        into[bucket] = there(bucket, 0.0) + rank - before
        before = rank


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
    ranks: Sequence[float],
    asked: Sequence[float],
    minimum: float,
    maximum: float,
) -> dict[float, float]:
    """The values below which so many percent of all are (the nearest rank).

    Args:
        buckets: in order.
        ranks: of each bucket.
        asked: percentiles from 0 to 100.
        minimum: the least of the values; no answer is below it.
        maximum: the greatest.
    """
    total = ranks[-1]
    found = {}
    for percentile in asked:
        at = bisect_left(ranks, total * (percentile / 100 - _HALF))
        found[percentile] = min(max(value_of(buckets[at]), minimum), maximum)
    return found


def _narrowest(ranks: Sequence[float]) -> str:
    if not all(float(rank).is_integer() for rank in ranks):
        return "d"
    return next((code for code in _WHOLE if ranks[-1] < 1 << 8 * _BYTES[code]), "d")
