"""How records become calls: when a batch is closed, and where it is cut; pure.

Source: developer guide, "Batching behavior": a batch is closed when its window is over, its size is reached,
or its payload is 6 MB.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lambdad.domain.limits import MAX_SYNC_REQUEST_BYTES

_HEAD: Final = b'{"Records":['
_TAIL: Final = b"]}"


@dataclass(frozen=True, slots=True)
class Bounds:
    """When a batch is full.

    Attributes:
        records: at most.
        window_s: how long records are gathered after the first; 0 for not at all.
        payload_bytes: of a call.
    """

    records: int
    window_s: float = 0.0
    payload_bytes: int = MAX_SYNC_REQUEST_BYTES


def wants_more(bounds: Bounds, records: int, payload_bytes: int, first_s: float, now_s: float) -> bool:
    """Whether to gather on; `first_s` is when the first record came."""
    return (
        records < bounds.records
        and payload_bytes < bounds.payload_bytes
        and now_s < first_s + bounds.window_s
    )


def cut(bounds: Bounds, sizes: Sequence[int]) -> list[range]:
    """Records, in order, as batches: which ones each has. One that is too large goes alone.

    Args:
        bounds: of a batch.
        sizes: bytes of each record as it is sent.
    """
    batches: list[range] = []
    start, used = 0, len(_HEAD) + len(_TAIL)
    empty = used
    for at, size in enumerate(sizes):
        following = used + size + (1 if at > start else 0)
        if at > start and (at - start >= bounds.records or following > bounds.payload_bytes):
            batches.append(range(start, at))
            start, following = at, empty + size
        used = following
    if start < len(sizes):
        batches.append(range(start, len(sizes)))
    return batches


def payload(records: Sequence[bytes]) -> bytes:
    """The event of a batch."""
    return _HEAD + b",".join(records) + _TAIL
