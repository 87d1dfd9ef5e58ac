"""Brings messages to destinations and dead-letter queues."""

from __future__ import annotations

from typing import Protocol

from lambdad.domain.event import Delivery


class NotDelivered(Exception):
    """The message did not arrive; the text says why, for people."""


class Undeliverable(NotDelivered):
    """The message will never arrive, however often it is tried; its target is well."""


class NotAllowed(NotDelivered):
    """The role of the function may not send it; its target is well, and knows nothing of it."""


class Courier(Protocol):
    """Knows every kind of target."""

    async def bring(self, delivery: Delivery) -> None:
        """Deliver a message; it may arrive twice when this is repeated.

        Raises:
            NotDelivered: the target refused it or was not there.
            Undeliverable: it cannot be delivered at any time.
            NotAllowed: the role in whose name it would be sent has not the permission now.
        """
        ...
