"""How far provisioned concurrency has come, as one table; pure.

::

    IN_PROGRESS ──all initialised──▶ READY          a put leads from everywhere to IN_PROGRESS
        │  ▲                           │
        │  └──one initialised──┐       │
        └──too many failures──▶ FAILED ◀┘

READY stays while single environments are replaced. After an Init that failed there is a pause, which grows;
FAILED is not given up: when an Init succeeds again, it goes on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from lambdad.domain.limits import (
    PROVISIONED_ATTEMPTS,
    PROVISIONED_FIRST_PAUSE_S,
    PROVISIONED_LAST_PAUSE_S,
    PROVISIONED_STARTS,
)
from lambdad.domain.provisioned import ProvisionedStatus

_S = ProvisionedStatus
TRANSITIONS: Final = {
    _S.IN_PROGRESS: frozenset({_S.READY, _S.FAILED}),
    _S.READY: frozenset({_S.FAILED}),
    _S.FAILED: frozenset({_S.IN_PROGRESS}),
}
"""Where each status goes by itself; a put begins anew with `BEGUN`."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A status and what it comes from.

    Attributes:
        reason: why it is FAILED; None otherwise.
        failures: Inits that failed one after the other.
        resume_at: monotonic seconds until which nothing is started.
    """

    status: ProvisionedStatus = _S.IN_PROGRESS
    reason: str | None = None
    failures: int = 0
    resume_at: float = 0.0


BEGUN: Final = Progress()


def initialised(progress: Progress, count: int, requested: int) -> Progress:
    """Another environment has come up; `count` in all."""
    if progress.status is _S.FAILED:
        progress = _move(progress, _S.IN_PROGRESS)
    if count >= requested and progress.status is not _S.READY:
        progress = _move(progress, _S.READY)
    return progress


def failed(progress: Progress, reason: str, now: float) -> Progress:
    """An Init has failed, or what it made ended before its first event.

    Those that were started together fail together: within a pause it counts once.
    """
    if now < progress.resume_at:
        return progress
    failures = recent_failures(progress, now) + 1
    paused = replace(progress, failures=failures, resume_at=now + pause_s(failures))
    if failures < PROVISIONED_ATTEMPTS or progress.status is _S.FAILED:
        return paused
    return _move(paused, _S.FAILED, reason)


def refused(progress: Progress, reason: str) -> Progress:
    """It can never have what is asked for."""
    return progress if progress.status is _S.FAILED else _move(progress, _S.FAILED, reason)


def starts(progress: Progress, now: float) -> int:
    """How many environments may be starting at once: one after a failure, none in a pause."""
    if now < progress.resume_at:
        return 0
    return 1 if recent_failures(progress, now) else PROVISIONED_STARTS


def recent_failures(progress: Progress, now: float) -> int:
    """Inits that failed one after the other; forgotten after a long time without one."""
    return progress.failures if now - progress.resume_at <= PROVISIONED_LAST_PAUSE_S else 0


def pause_s(failures: int) -> float:
    """Seconds without a start after so many failures one after the other."""
    doubled = PROVISIONED_FIRST_PAUSE_S * 2.0 ** min(failures - 1, 30)
    return min(doubled, PROVISIONED_LAST_PAUSE_S)


def _move(progress: Progress, to: ProvisionedStatus, reason: str | None = None) -> Progress:
    if to not in TRANSITIONS[progress.status]:
        raise RuntimeError(f"provisioned concurrency cannot go from {progress.status} to {to}")
    return replace(progress, status=to, reason=reason)
