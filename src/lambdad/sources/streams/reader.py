"""Reads one shard, and makes of its records what their function will see.

::

    nothing to read                the shard is read again after the pace of its service
    too much waits                 it is not read until something is settled
    the iterator has expired       it is made anew, behind the last record that was read
    the records are trimmed        it is read from the oldest there is
    the shard ends                 drained once everything that was read is settled

Before: a feed gives pages. After: `shard_progress` hands their records to lanes and keeps the checkpoint.
"""

from __future__ import annotations

import logging
import math
from typing import Final

from lambdad.domain.limits import SOURCE_FIRST_BACKOFF_S, SOURCE_LAST_BACKOFF_S
from lambdad.domain.stream_record import Page, Position, StreamRecord
from lambdad.ports.record_stream import StreamTrouble
from lambdad.sources import trouble
from lambdad.sources.attempts import pause_s
from lambdad.sources.streams import troubles
from lambdad.sources.streams.beginnings import position
from lambdad.sources.streams.feeds import Feed
from lambdad.sources.streams.lane import Lane
from lambdad.sources.streams.records import encoded
from lambdad.sources.streams.shard_progress import Keeper, ReaderTools, ShardProgress

_PATIENCE: Final = 3  # throttled reads in a row before somebody is told
_log = logging.getLogger("lambdad.sources")


class ShardReader:
    """Reads until it is cancelled or the shard has ended.

    Args:
        progress: of the shard.
        is_new: nothing was ever read of it, so `LATEST` is now.

    Attributes:
        progress: how far it is.
        is_missing: the service says that there is no such shard.
    """

    def __init__(
        self, progress: ShardProgress, keeper: Keeper, tools: ReaderTools, feed: Feed, *, is_new: bool
    ) -> None:
        self.progress = progress
        self.is_missing = False
        self._watch = progress.watch
        self._keeper = keeper
        self._tools = tools
        self._feed = feed
        self._is_new = is_new
        self._drops_before_s = -math.inf
        self._failures = 0

    async def run(self) -> None:
        """Read on and on."""
        try:
            await self._run()
        finally:
            await self._feed.close()

    def closes(self) -> None:
        """Nothing is written to the shard any more."""
        self._feed.closes()

    # --- inside ----------------------------------------------------------------------------------------

    async def _run(self) -> None:
        clock = self._tools.clock
        self.progress.wake()
        while not self.progress.is_at_end:
            began_s = clock.monotonic()
            try:
                wait_s = await self._round()
            except StreamTrouble as error:
                wait_s = self._troubled(error)
            except Exception:  # noqa: BLE001 - or the shard would never be read on
                _log.exception("a shard was not read", extra={"event": "sources.shard"})
                self._feed.renew()  # behind what was taken
                self._keeper.read_went(trouble.INTERNAL)
                wait_s = SOURCE_LAST_BACKOFF_S
            left_s = wait_s - (clock.monotonic() - began_s)
            if left_s > 0:
                await self._tools.sleep(left_s)

    async def _round(self) -> float:
        """Read once; how long after its beginning to read again."""
        if self._watch.hindrance is not None:
            return self._feed.wait_s(None)
        await self.progress.room()
        at_s = self._tools.clock.now()
        page = await self._feed.read(self._begin)
        self._failures, self._is_new = 0, False
        self._keeper.read_went(None)
        self._took(page, at_s)
        return self._feed.wait_s(page)

    def _begin(self) -> Position:
        """Where the feed is to begin."""
        progress, now_s, skew_s = self.progress, self._tools.clock.now(), self._tools.skew_s()
        found = position(progress.state, progress.read, now_s, skew_s, is_new=self._is_new)
        self._drops_before_s = -math.inf if found.at_s is None else math.floor(found.at_s)
        return found

    def _took(self, page: Page, at_s: float) -> None:
        ready = [self._ready(record) for record in page.records]  # before anything is taken: it may fail
        self.progress.took(page, ready, at_s)
        if page.following is None:
            self.progress.ends()
        else:
            self.progress.wake()

    def _ready(self, record: StreamRecord) -> tuple[Lane, bytes | None]:
        """The lane of a record, and the record for the function.

        Empty for one that was settled before, or is older than where to begin; None for one that does not
        pass the filters.
        """
        lane, is_settled = self.progress.lane_of(record)
        if is_settled or record.arrived_s < self._drops_before_s:
            return lane, b""
        function, settings = self._watch.last_function, self.progress.settings
        shown = settings.dialect.shown(record, self.progress.place, "" if function is None else function.role)
        if settings.filters.patterns and not settings.dialect.passes(settings.filters, record, shown):
            return lane, None
        return lane, encoded(shown)

    def _troubled(self, error: StreamTrouble) -> float:
        """A request came to nothing; how long to wait."""
        self._failures += 1
        code = error.code
        is_unknown = troubles.is_invalid(code)
        if troubles.is_expired(code) or (is_unknown and self._feed.is_begun):
            self._feed.renew()
            if self._failures <= _PATIENCE:
                return 0.0
        elif (troubles.is_trimmed(code) or is_unknown) and self.progress.read is not None:
            _log.warning(
                "shard %s: what was to be read next is not there any more; reading from the oldest record",
                self.progress.place.shard,
                extra={"event": "sources.trimmed", "mapping": self._watch.mapping.uuid},
            )
            self._feed.renew()
            self.progress.begins_anew(is_another=is_unknown)
            return 0.0
        elif troubles.is_gone(code):
            self._feed.renew()
            self.is_missing = True
            self._keeper.look()
        said = str(error)
        if not troubles.is_gone(code):
            said = troubles.told(self._watch.mapping.kind, self.progress.settings.stream, said, code)
        elif self._failures <= _PATIENCE:
            said = ""  # whoever looks at the shards tells when the stream itself is gone
        if said and (self._failures > _PATIENCE or not troubles.is_throttled(code)):
            self._keeper.read_went(said)
        return pause_s(self._failures, SOURCE_FIRST_BACKOFF_S, SOURCE_LAST_BACKOFF_S)
