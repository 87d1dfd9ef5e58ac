"""The life of an environment as one table.

::

    MAKING ─▶ INIT ─────▶ IDLE ◀─▶ FROZEN        an event comes: IDLE or FROZEN ─▶ BUSY
       │        │          ▲ │
       │        │          │ ▼                   BUSY ─▶ ANSWERED ─▶ IDLE
       │        │       ANSWERED ◀─ BUSY
       │        ▼                    ▲
       │    RESETTING ─▶ BARE ─▶ REPEATED_INIT   after a failed Init, a crash, a timeout
       │
       └─▶ RESTORE ─▶ IDLE                       an environment made from a snapshot

    INIT ─▶ SNAPSHOT ─▶ GONE                     what snapshots are made of; it never sees an event

    every state but GONE ─▶ SHUTDOWN ─▶ GONE     or straight to GONE when nobody must be told

RESETTING may begin in every state in which processes run. BARE is a sandbox with `/tmp` as it was and
no process: the next event starts the processes again inside it (AWS's "suppressed Init").
Every pair not in the table is a defect in lambdad and fails loudly.

Source: spec of the Runtime API §6.
"""

from __future__ import annotations

from enum import Enum, auto


class EnvironmentState(Enum):
    """Where an environment is in its life."""

    MAKING = auto()
    """The sandbox is being made."""
    INIT = auto()
    """Extensions and runtime have been started and not all of them wait in their `next` yet."""
    RESTORE = auto()
    """A process restored from a snapshot runs its after-restore hooks."""
    SNAPSHOT = auto()
    """Initialised; the memory of the runtime is being kept as a snapshot."""
    IDLE = auto()
    """Runtime and extensions wait in their `next`."""
    FROZEN = auto()
    """As IDLE, and no process gets any processor time."""
    BUSY = auto()
    """An event has been handed over and not been settled."""
    ANSWERED = auto()
    """The caller has its answer; runtime or extensions have not asked for the next event yet."""
    RESETTING = auto()
    """The processes are being shut down; the sandbox stays."""
    BARE = auto()
    """The sandbox stands and nothing runs in it."""
    REPEATED_INIT = auto()
    """An event is bound, and the processes start again inside it."""
    SHUTDOWN = auto()
    """Runtime and extensions are told that this is the end; no event comes any more."""
    GONE = auto()
    """Killed; its traces are being removed or have been."""


_S = EnvironmentState
RUNNING = frozenset(
    {_S.INIT, _S.RESTORE, _S.IDLE, _S.FROZEN, _S.BUSY, _S.ANSWERED, _S.REPEATED_INIT},
)
"""States in which processes of the function run."""
NEEDING_INIT = frozenset({_S.RESETTING, _S.BARE})
"""States in which the next event has Init repeated inside it."""
STARTING = frozenset({_S.INIT, _S.RESTORE, _S.REPEATED_INIT})
"""States in which they come up."""
TRANSITIONS: dict[EnvironmentState, frozenset[EnvironmentState]] = {
    _S.MAKING: frozenset({_S.INIT, _S.RESTORE, _S.GONE}),
    _S.INIT: frozenset({_S.IDLE, _S.SNAPSHOT, _S.RESETTING, _S.SHUTDOWN, _S.GONE}),
    _S.RESTORE: frozenset({_S.IDLE, _S.RESETTING, _S.SHUTDOWN, _S.GONE}),
    _S.SNAPSHOT: frozenset({_S.GONE}),
    _S.IDLE: frozenset({_S.BUSY, _S.FROZEN, _S.RESETTING, _S.SHUTDOWN, _S.GONE}),
    _S.FROZEN: frozenset({_S.BUSY, _S.RESETTING, _S.SHUTDOWN, _S.GONE}),
    _S.BUSY: frozenset({_S.ANSWERED, _S.RESETTING, _S.SHUTDOWN, _S.GONE}),
    _S.ANSWERED: frozenset({_S.IDLE, _S.RESETTING, _S.SHUTDOWN, _S.GONE}),
    _S.RESETTING: frozenset({_S.BARE, _S.GONE}),
    _S.BARE: frozenset({_S.REPEATED_INIT, _S.GONE}),
    _S.REPEATED_INIT: frozenset({_S.BUSY, _S.RESETTING, _S.SHUTDOWN, _S.GONE}),
    _S.SHUTDOWN: frozenset({_S.GONE}),
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
