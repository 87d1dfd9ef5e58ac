"""Where accepted events and owed deliveries live until they are done.

What was told to be stored survives kill -9 and a power cut; until a settlement is stored, its event is
queued, so an event can run twice and never not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from lambdad.domain.errors import LambdadError
from lambdad.domain.event import Again, Backlog, Delivery, Ended, Event, Glimpse, Lane, Owed

Stored = Callable[[LambdadError | None], None]
"""Called once, on the loop: with None when all is on disk, else with why it is not."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Events claimed, oldest due first.

    Attributes:
        next_due_ms: when the first event that is queued and not claimed is due; None when there is none.
    """

    events: list[Event]
    next_due_ms: int | None


class EventStore(Protocol):
    """Events by lane, and deliveries."""

    def accept(self, event: Event, stored: Stored) -> Event:
        """Store a new event; it as it will be stored, with its id. Many that wait share one commit.

        It is claimed by whoever accepts it, as if by `claim`.
        """
        ...

    def settle(self, settlements: Sequence[Again | Ended], stored: Stored | None = None) -> None:
        """Store what became of claimed events; they are free again, or gone with their deliveries queued."""
        ...

    def release(self, events: Sequence[Event]) -> None:
        """Claimed events that were not tried are free again, unchanged."""
        ...

    async def claim(self, lane: Lane, *, now_ms: int, limit: int) -> Claim:
        """Take events that are due; nobody else gets them until they are settled or released."""
        ...

    async def aged(self, lane: Lane, *, accepted_before_ms: int, limit: int) -> list[Event]:
        """Take those of the first `limit` accepted events that were accepted before, due or not."""
        ...

    async def backlogs(self) -> list[Backlog]:
        """Every lane that has events or is paused."""
        ...

    async def first(self, lane: Lane, limit: int) -> list[Glimpse]:
        """The first events of a lane, in the order in which they are due; those under way, too."""
        ...

    async def pause(self, lane: Lane, *, paused: bool) -> None:
        """Keep a lane from being tried, over restarts, or no longer."""
        ...

    async def purge(self, lane: Lane) -> int:
        """Remove the events of a lane that are not claimed; how many."""
        ...

    async def deliveries(self, *, now_ms: int, limit: int, but: Collection[str] = ()) -> list[Delivery]:
        """Take deliveries that are due, to other targets than `but`, the oldest first.

        Each is free again by `delivered` or `owe`.
        """
        ...

    def delivered(self, delivery: Delivery, stored: Stored | None = None) -> None:
        """It arrived, or is given up: it is owed no longer."""
        ...

    def owe(self, delivery: Delivery) -> None:
        """It did not arrive: it is owed again, with its `due_ms` and `attempts`."""
        ...

    async def next_delivery_ms(self, *, but: Collection[str] = ()) -> int | None:
        """When the first delivery that is not taken, to other targets than `but`, is due; None for none."""
        ...

    async def owed_by_target(self) -> list[Owed]:
        """What is owed, by target; the target that is due first comes first."""
        ...

    async def not_accepted_after(self, now_ms: int) -> None:
        """Have nothing accepted later, which is then due as long after `now_ms` as it was after that.

        After a restart with a clock that went back.
        """
        ...

    async def not_later_than(self, latest_ms: int) -> None:
        """Have nothing due later: after a restart with a clock that went back."""
        ...
