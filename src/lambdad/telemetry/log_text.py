"""Messages as they can be written: what a program printed need not be text."""

from __future__ import annotations

from dataclasses import replace

from lambdad.ports.log_store import StoredEvent


def written(event: StoredEvent) -> StoredEvent:
    """The event as it is read back: half characters (lone surrogates) replaced, as the store does."""
    message = event.message
    if message.isascii():
        return event
    text = message.encode("utf-8", "replace").decode()
    return event if text == message else replace(event, message=text)
