"""How the records of a shard come: asked for at a pace, or pushed to a consumer.

A consumer whose subscription the service does not know is read like everybody else, and that is said once.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from typing import Final, Protocol

from lambdad.domain.limits import KINESIS_BUSY_S
from lambdad.domain.scope import Scope
from lambdad.domain.stream_record import Page, Position
from lambdad.ports.record_stream import PushedRecords, RecordStream, StreamTrouble

_NOT_OFFERED: Final = frozenset(
    {"UnknownOperationException", "InvalidAction", "NotImplemented", "UnsupportedOperationException"}
)
_SOME_MS: Final = 1
_log = logging.getLogger("lambdad.sources")
Begin = Callable[[], Position]
"""Where to begin, asked when that is to be done."""


class Feed(Protocol):
    """Gives the pages of one shard, one after the other."""

    @property
    def is_begun(self) -> bool:
        """Whether it stands somewhere in the shard."""
        ...

    async def read(self, begin: Begin) -> Page:
        """The next page; without records when there are none now.

        Raises:
            StreamTrouble: there is none.
        """
        ...

    def renew(self) -> None:
        """Begin anew before the next page."""
        ...

    def closes(self) -> None:
        """Nothing is written to the shard any more: where its end is not told, look for it."""
        ...

    async def close(self) -> None:
        """Take nothing more."""
        ...

    def wait_s(self, page: Page | None) -> float:
        """From the beginning of one read to the next: after that page, or while nothing may be read."""
        ...


class PolledFeed:
    """Asks for records, up to so many at once."""

    def __init__(self, stream: RecordStream, scope: Scope, arn: str, shard: str, most: int) -> None:
        self._stream = stream
        self._scope = scope
        self._arn = arn
        self._shard = shard
        self._most = most
        self._iterator: str | None = None

    @property
    def is_begun(self) -> bool:
        """See `Feed`."""
        return self._iterator is not None

    async def read(self, begin: Begin) -> Page:
        """See `Feed`."""
        if self._iterator is None:
            self._iterator = await self._stream.iterator(self._scope, self._arn, self._shard, begin())
        page = await self._stream.read(self._scope, self._arn, self._iterator, self._most)
        self._iterator = page.following
        return page

    def renew(self) -> None:
        """See `Feed`."""
        self._iterator = None

    def closes(self) -> None:
        """See `Feed`; whoever asks is told."""

    async def close(self) -> None:
        """See `Feed`."""

    def wait_s(self, page: Page | None) -> float:
        """See `Feed`."""
        pace = self._stream.pace()
        if page is None:
            return pace.idle_s
        has_more = bool(page.records) if page.behind_ms is None else page.behind_ms > 0
        if not has_more and len(page.records) < self._most:
            return pace.idle_s
        return pace.busy_s if page.records else max(pace.busy_s, KINESIS_BUSY_S)


class PushedFeed:
    """Takes what is pushed; asks for it like others where nothing is.

    Args:
        pushed: subscribes.
        consumer: ARN.
        polled: for where there are no subscriptions.
    """

    def __init__(
        self, pushed: PushedRecords, scope: Scope, consumer: str, shard: str, polled: PolledFeed
    ) -> None:
        self._pushed = pushed
        self._scope = scope
        self._consumer = consumer
        self._shard = shard
        self._polled = polled
        self._pages: AsyncGenerator[Page] | None = None
        self._is_offered = True
        self._is_closed = False

    @property
    def is_begun(self) -> bool:
        """See `Feed`."""
        return self._pages is not None if self._is_offered else self._polled.is_begun

    async def read(self, begin: Begin) -> Page:
        """See `Feed`."""
        if not self._is_offered:
            return await self._polled.read(begin)
        if self._pages is None:
            self._pages = self._pushed.pages(self._scope, self._consumer, self._shard, begin())
        try:
            page = await anext(self._pages)
        except StopAsyncIteration:
            self._pages = None
            return Page((), "", _SOME_MS)  # a subscription that is over says nothing of what comes
        except StreamTrouble as error:
            self._pages = None
            if error.code not in _NOT_OFFERED:
                raise
            self._is_offered = False
            _log.warning(
                "%s pushes no records (%s); it is read like a stream without consumers",
                self._consumer,
                error,
                extra={"event": "sources.no_push"},
            )
            return await self._polled.read(begin)
        if self._is_closed and not page.records and page.following is not None:
            return await self._end(begin) or page
        return page

    async def _end(self, begin: Begin) -> Page | None:
        """The end, when nothing is behind what was pushed; some servers push on there for ever."""
        self._polled.renew()
        rest = await self._polled.read(begin)
        self._polled.renew()
        return rest if rest.following is None and not rest.records else None

    def renew(self) -> None:
        """See `Feed`."""
        self._pages = None
        self._polled.renew()

    def closes(self) -> None:
        """See `Feed`."""
        self._is_closed = True

    async def close(self) -> None:
        """See `Feed`."""
        if self._pages is not None:
            await self._pages.aclose()

    def wait_s(self, page: Page | None) -> float:
        """See `Feed`."""
        is_pushed = self._is_offered and page is not None and self._pages is not None
        return 0.0 if is_pushed else self._polled.wait_s(page)
