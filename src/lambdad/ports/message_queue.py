"""Queues of SQS as they are polled: receive, delete, and what they say of themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lambdad.domain.queue_message import Message, QueueFacts
from lambdad.domain.scope import Scope


class QueueTrouble(Exception):
    """The queue did not answer, refused, or answered what cannot be read; the text is for people.

    Args:
        code: the service's name of the error; empty when there was no answer, or none that can be read.
    """

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


class MessageQueue(Protocol):
    """Queues by ARN, for mappings of an account and region."""

    async def receive(self, scope: Scope, queue: str, *, most: int, wait_s: int) -> list[Message]:
        """Up to `most` (10) messages, waiting for the first up to `wait_s`; none when there are none then.

        Raises:
            QueueTrouble: no messages were read.
        """
        ...

    async def delete(self, scope: Scope, queue: str, receipts: Sequence[str]) -> list[str]:
        """Delete up to ten messages; the receipts of those that are not deleted.

        Raises:
            QueueTrouble: nobody knows which are.
        """
        ...

    async def facts(self, scope: Scope, queue: str) -> QueueFacts:
        """What a queue says of itself now.

        Raises:
            QueueTrouble: it says nothing.
        """
        ...
