"""A host that runs environments, as the assignment sees it; it may be another machine."""

from __future__ import annotations

from typing import Protocol

from lambdad.domain.errors import LambdadError
from lambdad.domain.function import FunctionVersion
from lambdad.domain.invocation import Invocation
from lambdad.domain.platform_events import ON_DEMAND


class Environment(Protocol):
    """One execution environment: one function version, one event at a time."""

    environment_id: str
    idle_since: float
    """Monotonic seconds of the last time it became idle; 0.0 until then."""
    expires_at: float
    """Monotonic seconds from which on it must not be handed an event any more."""

    @property
    def needs_init(self) -> bool:
        """Whether an event would have Init repeated inside it: Init failed, or it was reset."""
        ...

    def run(self, invocation: Invocation) -> None:
        """Hand it an event; only when it is idle. Settles the invocation, then tells its owner."""
        ...

    def retire(self) -> None:
        """End it; only when it runs no event. It may still be starting."""
        ...


class EnvironmentOwner(Protocol):
    """Whoever asked for environments; each call comes on the loop."""

    def environment_idle(self, environment: Environment) -> None:
        """It can take an event: after Init, after each event, and after a reset.

        One whose Init failed or took too long says so, too: it repeats Init inside the next event.
        """
        ...

    def environment_gone(self, environment: Environment, reason: LambdadError | None) -> None:
        """It is no more. A reason is given when it could not be made at all."""
        ...


class Worker(Protocol):
    """Makes environments."""

    @property
    def leaving(self) -> int:
        """Environments that are gone for their owners, but not all they held is free yet."""
        ...

    def start(
        self, version: FunctionVersion, owner: EnvironmentOwner, initialization_type: str = ON_DEMAND
    ) -> Environment:
        """Begin to make one; the owner hears `environment_idle` or `environment_gone`.

        `initialization_type` is one of `domain.platform_events`; the function sees it, too.
        """
        ...

    async def close(self) -> None:
        """End every environment and remove every trace."""
        ...
