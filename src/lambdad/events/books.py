"""What has happened to events since the server started, for those who look; by function."""

from __future__ import annotations

from dataclasses import dataclass

from lambdad.domain.event import Condition, Delivery, Event, Lane


@dataclass(slots=True)
class Counts:
    """Of one lane, named as AWS's metrics where it has them.

    Attributes:
        received: accepted (`AsyncEventsReceived`).
        tried: times the function ran for an event.
        refused: times it could not be run: throttled, not ready, or a fault of ours.
        succeeded: ended with success.
        failed: ended without, and were told of to a destination or dead-letter queue, or had none.
        looped: of `failed` those stopped as part of a loop (`RecursiveInvocationsDropped`).
        dropped: of `failed` those that nobody was told of (`AsyncEventsDropped`).
        undelivered: attempts to deliver that failed (`DestinationDeliveryFailures`, `DeadLetterErrors`).
        given_up: messages that were never delivered.
    """

    received: int = 0
    tried: int = 0
    refused: int = 0
    succeeded: int = 0
    failed: int = 0
    looped: int = 0
    dropped: int = 0
    undelivered: int = 0
    given_up: int = 0


class Books:
    """Counts by lane; those of functions that are gone are kept until the server ends."""

    def __init__(self) -> None:
        self._counts: dict[Lane, Counts] = {}
        self._lanes: dict[str, Lane] = {}

    def of(self, lane: Lane) -> Counts:
        """The lane's counts, to be changed."""
        counts = self._counts.get(lane)
        if counts is None:
            counts = self._counts[lane] = Counts()
            self._lanes[lane.arn] = lane
        return counts

    @property
    def lanes(self) -> list[Lane]:
        """Every lane that something has happened in."""
        return list(self._counts)

    def tried(self, lane: Lane, *, ran: bool) -> None:
        """An event was tried; `ran` whether it came so far that its function ran."""
        counts = self.of(lane)
        counts.tried += ran
        counts.refused += not ran

    def ended(self, event: Event, condition: Condition | None, *, told: bool, looped: bool = False) -> None:
        """An event is no longer queued; `told` whether a message is owed for it."""
        counts = self.of(event.lane)
        if condition is Condition.SUCCESS:
            counts.succeeded += 1
            return
        counts.failed += 1
        counts.looped += looped
        counts.dropped += not told

    def not_delivered(self, delivery: Delivery, *, given_up: bool) -> None:
        """A message did not arrive."""
        lane = self._lanes.get(delivery.function_arn)
        if lane is not None:
            counts = self.of(lane)
            counts.undelivered += 1
            counts.given_up += given_up
