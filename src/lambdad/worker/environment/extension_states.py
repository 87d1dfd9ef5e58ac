"""The life of one extension as a table; the pair to `states`.

Source: spec of the Runtime API §3; what is allowed where was asked of AWS's emulator.
"""

from __future__ import annotations

from enum import Enum


class ExtensionState(Enum):
    """Where an extension is; the value is AWS's word in its messages."""

    STARTED = "Started"
    """Its process was started; it has not registered."""
    REGISTERED = "Registered"
    """It has registered and not asked for an event yet."""
    READY = "Ready"
    """It waits in `next`."""
    RUNNING = "Running"
    """It was given an event and has not asked for another."""
    INIT_ERROR = "InitError"
    """It reported that it cannot come up."""
    EXIT_ERROR = "ExitError"
    """It reported that it must end."""
    LAUNCH_ERROR = "LaunchError"
    """Its program could not be executed."""
    EXITED = "Exited"
    """Its process has ended."""


_S = ExtensionState
TRANSITIONS: dict[ExtensionState, frozenset[ExtensionState]] = {
    _S.STARTED: frozenset({_S.REGISTERED, _S.LAUNCH_ERROR, _S.EXITED}),
    _S.REGISTERED: frozenset({_S.READY, _S.INIT_ERROR, _S.EXIT_ERROR, _S.EXITED}),
    _S.READY: frozenset({_S.READY, _S.RUNNING, _S.EXIT_ERROR, _S.EXITED}),
    _S.RUNNING: frozenset({_S.READY, _S.EXIT_ERROR, _S.EXITED}),
    _S.INIT_ERROR: frozenset({_S.INIT_ERROR, _S.EXITED}),
    _S.EXIT_ERROR: frozenset({_S.EXIT_ERROR, _S.EXITED}),
    _S.LAUNCH_ERROR: frozenset(),
    _S.EXITED: frozenset(),
}


def may(source: ExtensionState, target: ExtensionState) -> bool:
    """Whether an extension may go from `source` to `target`."""
    return target in TRANSITIONS[source]
