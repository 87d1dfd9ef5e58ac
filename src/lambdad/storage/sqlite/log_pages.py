"""What was found, as the page that the port answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lambdad.ports.log_store import EventPage, StoredEvent, event_id_of
from lambdad.storage.sqlite.log_asking import Asked
from lambdad.storage.sqlite.log_reading import EventReader, Found, Patience


def page_of(found: Sequence[Found], stopped_id: int | None, *, backward: bool) -> EventPage:
    """A page out of events in the order of reading."""
    events = [
        StoredEvent(stream, time_ms, ingestion_ms, message, event_id_of(time_ms, number))
        for time_ms, number, stream, ingestion_ms, message in (reversed(found) if backward else found)
    ]
    return EventPage(events, stopped_id)


def read_page(
    reader: EventReader, asked: Asked, monotonic: Callable[[], float], within_s: float
) -> EventPage:
    """Read a page in this thread.

    Raises:
        NotFound: no such group or stream.
        SearchTooSlow: nothing could be done in the time there is.
    """
    found: list[Found] = []
    stopped_id: int | None = None
    for step in reader.read(asked, Patience(monotonic, within_s)):
        found += step.events
        stopped_id = step.stopped_id
    return page_of(found, stopped_id, backward=asked.backward)
