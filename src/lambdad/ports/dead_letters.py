"""Takes messages back out of dead-letter queues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from lambdad.domain.errors import ServiceFault
from lambdad.domain.scope import Scope


class QueueUnavailable(ServiceFault):
    """The queue did not answer or refused; the text says why, for people."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message of a dead-letter queue; nobody else receives it for a while.

    Attributes:
        receipt: removes it.
        request_id: of the event it was; None when the message is no dead letter of a function.
        sent_ms: when it was sent; milliseconds since the epoch, by the queue's clock; 0 when it does not say.
    """

    receipt: str
    body: bytes
    request_id: str | None
    sent_ms: int


class DeadLetters(Protocol):
    """Dead-letter queues by ARN."""

    async def receive(self, scope: Scope, queue: str) -> list[DeadLetter]:
        """A few messages; none when there are none that can be received now.

        Raises:
            QueueUnavailable: it is not configured, does not answer, or refuses.
        """
        ...

    async def remove(self, scope: Scope, queue: str, letters: Sequence[DeadLetter]) -> None:
        """Delete messages that were received.

        Raises:
            QueueUnavailable: not all are deleted; those that are not can be received again later.
        """
        ...
