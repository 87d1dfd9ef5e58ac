"""Whether a server takes invocations: decided from facts, which are looked at elsewhere; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadyFacts:
    """What there is to know.

    Attributes:
        draining: the server is ending.
        tier: how functions are kept apart; None when nothing has been chosen.
        disk_problem: why nothing can be written to the data directory; None when it can.
        stores: of each store, why it takes nothing; None when it does.
        queue_polls: events of asynchronous invocation are started.
    """

    draining: bool
    tier: str | None
    disk_problem: str | None
    stores: Mapping[str, str | None]
    queue_polls: bool


@dataclass(frozen=True, slots=True)
class Readiness:
    """The answer.

    Attributes:
        checks: what was looked at, and whether it is as it must be.
        reasons: why the server is not ready; empty when it is.
    """

    checks: Mapping[str, bool]
    reasons: tuple[str, ...]

    @property
    def is_ready(self) -> bool:
        """Whether invocations may be sent."""
        return not self.reasons


def judge(facts: ReadyFacts) -> Readiness:
    """Whether a server with these facts is ready, and why not."""
    found = {
        "accepting": "the server is draining" if facts.draining else None,
        "isolation": "no isolation has been chosen" if facts.tier is None else None,
        "disk": facts.disk_problem,
        **{f"store.{name}": problem for name, problem in facts.stores.items()},
        "queue": None if facts.queue_polls else "the queue of asynchronous invocation has stopped",
    }
    reasons = tuple(problem for problem in found.values() if problem is not None)
    return Readiness({name: problem is None for name, problem in found.items()}, reasons)
