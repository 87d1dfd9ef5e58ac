"""The life of an environment as one table.

::

    MAKING ──▶ INIT ──▶ IDLE ──▶ BUSY ──▶ ANSWERED ──▶ IDLE …
       │        │ │      │        ▲ │        │
       │        │ └──▶ REPEATED_INIT│        │
       │        │         │         │        │
       └────────┴─────────┴─────────┴────────┴──▶ GONE

Every pair not in the table is a defect in lambdad and fails loudly.
"""

from __future__ import annotations

from enum import Enum, auto


class EnvironmentState(Enum):
    """Where an environment is in its life."""

    MAKING = auto()
    """The sandbox is being made."""
    INIT = auto()
    """The runtime has been started and has not asked for an event yet."""
    REPEATED_INIT = auto()
    """Init took too long: an event is bound, and the runtime starts again inside it."""
    IDLE = auto()
    """The runtime waits in `next`."""
    BUSY = auto()
    """An event has been handed over and not been settled."""
    ANSWERED = auto()
    """The event is settled, the runtime has not asked for the next one yet."""
    GONE = auto()
    """Killed; its traces are being removed or have been."""


_S = EnvironmentState
TRANSITIONS: dict[EnvironmentState, frozenset[EnvironmentState]] = {
    _S.MAKING: frozenset({_S.INIT, _S.GONE}),
    _S.INIT: frozenset({_S.IDLE, _S.REPEATED_INIT, _S.GONE}),
    _S.REPEATED_INIT: frozenset({_S.BUSY, _S.GONE}),
    _S.IDLE: frozenset({_S.BUSY, _S.GONE}),
    _S.BUSY: frozenset({_S.ANSWERED, _S.GONE}),
    _S.ANSWERED: frozenset({_S.IDLE, _S.GONE}),
    _S.GONE: frozenset(),
}


class IllegalTransition(Exception):
    """A move that the table does not have: a defect in lambdad."""


def move(source: EnvironmentState, target: EnvironmentState) -> EnvironmentState:
    """Return `target`.

    Raises:
        IllegalTransition: the table does not lead from `source` to `target`.
    """
    if target not in TRANSITIONS[source]:
        raise IllegalTransition(f"environment cannot go from {source.name} to {target.name}")
    return target
