"""What follows a call with records that come in order, when it failed or failed in part; pure.

Records of a shard or partition are settled from the front. What the function did not do is called with again
before anything behind it:

::

    all of it failed            again after a pause; or as two halves at once, which counts as no retry
    the function names some     those before the first of them are done, the rest is a batch of its own
    retries are used up         given up, told to the on-failure destination
    one is too large            given up without a call
    records are too old         given up before the call, those at the front
    their source has no more    as too old, once a call with them has failed

Source: developer guide, "Configuring partial batch response" and "How Lambda processes records from stream
and queue-based event sources"; radkawar/stackd's measured lanes: what remains of a batch that was done in
part, and each half, has every retry before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from lambdad.sources.calls import Called

_FOREVER: Final = -1


@dataclass(frozen=True, slots=True)
class Rules:
    """What a mapping does about failures.

    Attributes:
        retries: calls after the first; None for ever.
        age_s: of a record, from which on no call is made with it; None for any.
        bisects: what failed is tried in halves.
        reports: the function's answer names what failed.
    """

    retries: int | None = None
    age_s: float | None = None
    bisects: bool = False
    reports: bool = False


def rules_of(settings: Mapping[str, Any]) -> Rules:
    """The rules in a mapping's settings."""
    return Rules(
        _bound(settings.get("MaximumRetryAttempts")),
        _bound(settings.get("MaximumRecordAgeInSeconds")),
        bool(settings.get("BisectBatchOnFunctionError")),
        "ReportBatchItemFailures" in (settings.get("FunctionResponseTypes") or ()),
    )


def _bound(given: int | None) -> int | None:
    return None if given in (None, _FOREVER) else given


class Condition(StrEnum):
    """AWS's words for why records were given up."""

    RETRIES = "RetryAttemptsExhausted"
    AGE = "RecordAgeExceeded"
    SIZE = "MaximumPayloadSizeExceeded"


@dataclass(frozen=True, slots=True)
class Work:
    """Records of a batch that go to the function together.

    Attributes:
        first: position of the first in the batch.
        end: position behind the last.
        failures: of them, as they are, that count as attempts.
        calls: with them, as they are.
        request_id: of each call with them; None until the first.
        called: the last of the calls; None until the first.
    """

    first: int
    end: int
    failures: int = 0
    calls: int = 0
    request_id: str | None = None
    called: Called | None = None

    @property
    def size(self) -> int:
        """How many records; none is what ends a window."""
        return self.end - self.first

    @property
    def part(self) -> range:
        """Positions in the batch."""
        return range(self.first, self.end)


@dataclass(frozen=True, slots=True)
class Next:
    """What is to be done.

    Attributes:
        works: to be called with, in order, instead of what was.
        given_up: what is not called with again; None when nothing is.
        condition: why not.
        waits: a pause comes first.
    """

    works: tuple[Work, ...] = ()
    given_up: Work | None = None
    condition: Condition = Condition.RETRIES
    waits: bool = False


def used_up(rules: Rules, work: Work) -> Next | None:
    """What to do when there is no retry left before a call: what was tried is kept over restarts.

    None when there is one.
    """
    is_over = rules.retries is not None and work.failures > rules.retries
    return Next(given_up=work) if is_over else None


def too_large(work: Work, size: Callable[[], int], most_bytes: int | None) -> Next | None:
    """What to do when a record alone is more than a call may have; None when it is not.

    Args:
        work: that is to be called with.
        size: of its payload, in bytes.
        most_bytes: of a payload; None for any.

    Source: developer guide, "Capturing discarded batches for an Amazon MSK event source".
    """
    if most_bytes is None or work.size != 1 or size() <= most_bytes:
        return None
    return Next((), work, Condition.SIZE)


def too_old(rules: Rules, work: Work, arrived_s: Sequence[float], now_s: float) -> Next | None:
    """What to do when records at the front are too old for another call; None when none is.

    Args:
        rules: of the mapping.
        work: that is to be called with.
        arrived_s: when each record of the batch came into its source, seconds since the epoch; for work
            without records, when that began.
        now_s: seconds since the epoch.
    """
    if rules.age_s is None:
        return None
    end = work.first
    if not work.size:
        is_old = bool(arrived_s) and now_s - arrived_s[0] > rules.age_s
        return Next((), work, Condition.AGE) if is_old else None
    while end < work.end and now_s - arrived_s[end] > rules.age_s:
        end += 1
    if end == work.first:
        return None
    rest = (replace(work, first=end),) if end < work.end else ()
    return Next(rest, replace(work, end=end), Condition.AGE)


def failed(rules: Rules, work: Work, lowest: int | None = None) -> Next:
    """What to do after a call that counts as an attempt.

    Args:
        rules: of the mapping.
        work: that was called with.
        lowest: position in the batch of the first record that failed; None for all.
    """
    if lowest is not None and lowest > work.first:
        return Next((Work(lowest, work.end),))
    if rules.bisects and work.size > 1:
        middle = work.first + work.size // 2
        return Next((Work(work.first, middle), Work(middle, work.end)))
    again = replace(work, failures=work.failures + 1)
    return used_up(rules, again) or Next((again,), waits=True)


def pause_s(failures: int, first_s: float, last_s: float) -> float:
    """How long to wait after so many failures in a row, doubling from the first to the last."""
    return min(first_s * 2.0 ** min(max(failures - 1, 0), 20), last_s)
