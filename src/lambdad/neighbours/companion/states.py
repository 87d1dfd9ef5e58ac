"""The life of the companion's process as a table: what may follow on what; anything else is a defect."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class State(StrEnum):
    """What the process is doing.

    Attributes:
        IDLE: not started: nobody asked yet.
        STARTING: started, does not answer yet.
        READY: answers.
        FAILED: ended by itself; is started again after a while.
        STOPPED: for good.
    """

    IDLE = "idle"
    STARTING = "starting"
    READY = "ready"
    FAILED = "failed"
    STOPPED = "stopped"


NEXT: Final[Mapping[State, frozenset[State]]] = {
    State.IDLE: frozenset({State.STARTING, State.STOPPED}),
    State.STARTING: frozenset({State.READY, State.FAILED, State.STOPPED}),
    State.READY: frozenset({State.FAILED, State.STOPPED}),
    State.FAILED: frozenset({State.STARTING, State.STOPPED}),
    State.STOPPED: frozenset(),
}


def move(now: State, then: State) -> State:
    """The state `then`.

    Raises:
        ValueError: it cannot follow on `now`.
    """
    if then not in NEXT[now]:
        raise ValueError(f"the companion cannot become {then} while it is {now}")
    return then


def pause_s(failures: int) -> float:
    """How long to wait before the next start, after so many starts in a row that did not last.

    The first follows at once: what was killed is back before anybody notices.
    """
    return 0.0 if failures <= 1 else min(0.5 * 2 ** (failures - 2), 30.0)
