"""What was tried of a batch that fails, so that the next server goes on with its parts; pure.

It is kept with the checkpoint, by sequence numbers or offsets: when records are read again, some may have
been trimmed away or filtered out. Each part is named by its last record; the call that ends a window has
none.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from lambdad.domain.unfinished import Unfinished
from lambdad.sources.attempts import Work
from lambdad.sources.calls import Called, End
from lambdad.sources.sequence_numbers import number_of

Parts = tuple[Unfinished, ...]


def kept(works: Sequence[Work], sequences: Sequence[str], before: Parts) -> Parts:
    """What to keep when these parts of a batch are left.

    Args:
        works: parts, in order.
        sequences: sequence numbers of the records of the batch.
        before: what was kept until now; of it stays what is behind the batch, as that may be cut shorter now.
    """
    end = number_of(sequences[-1]) if sequences else -1
    behind = (one for one in before if number_of(one.last) > end)
    return (*(_part(work, sequences) for work in works), *behind)


def _part(work: Work, sequences: Sequence[str]) -> Unfinished:
    called = work.called
    return Unfinished(
        sequences[work.end - 1] if work.size else "",
        work.failures,
        work.calls,
        work.request_id,
        None if called is None else called.version,
        called is not None and called.end is not End.SUCCEEDED,
    )


def left(before: Parts, settled: str) -> Parts:
    """What stays of what was kept when everything up to a record is settled."""
    number = number_of(settled)
    return tuple(one for one in before if number_of(one.last) > number)


def records_of(before: Parts) -> Parts:
    """The parts that have records."""
    return tuple(one for one in before if one.last)


def works_of(before: Parts, sequences: Sequence[str]) -> Sequence[Work]:
    """The parts of a batch of these records: as they were, and what is behind them as a part of its own."""
    numbers, works, first = [number_of(one) for one in sequences], list[Work](), 0
    for one in before:
        end = bisect_right(numbers, number_of(one.last))
        if end > first:
            works.append(_work(one, first, end))
            first = end
    return works if first == len(numbers) else [*works, Work(first, len(numbers))]


def last_of(before: Parts) -> Sequence[Work]:
    """The call that ends a window, as it was tried."""
    return [_work(one, 0, 0) for one in before[:1] if not one.last]


def _work(one: Unfinished, first: int, end: int) -> Work:
    called = None
    if one.calls:
        called = Called(End.FAILED if one.is_error else End.SUCCEEDED, version=one.version)
    return Work(first, end, one.failures, one.calls, one.request_id, called)
