"""Who follows which log group, each on its own event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lambdad.domain.scope import Scope
from lambdad.ports.log_store import StoredEvent, StreamKey

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Watcher:
    scope: Scope
    group: str
    loop: asyncio.AbstractEventLoop
    callback: Callable[[list[StoredEvent]], None]


class Watchers:
    """The followers; changed on the loop by replacing the tuple, read by the writer's thread."""

    def __init__(self) -> None:
        self._watchers: tuple[_Watcher, ...] = ()

    def add(
        self,
        scope: Scope,
        group: str,
        loop: asyncio.AbstractEventLoop,
        callback: Callable[[list[StoredEvent]], None],
    ) -> Callable[[], None]:
        """Add a follower; call what is returned to remove it."""
        watcher = _Watcher(scope, group, loop, callback)
        self._watchers = (*self._watchers, watcher)

        def remove() -> None:
            self._watchers = tuple(other for other in self._watchers if other is not watcher)

        return remove

    def watches(self, scope: Scope, group: str) -> bool:
        """Whether somebody follows this group."""
        return any(watcher.group == group and watcher.scope == scope for watcher in self._watchers)

    def tell(self, seen: Sequence[tuple[StreamKey, list[StoredEvent]]]) -> None:
        """Give every follower what is theirs."""
        for key, events in seen:
            for watcher in self._watchers:
                if watcher.group == key.group and watcher.scope == key.scope:
                    _call(watcher, events)


def _call(watcher: _Watcher, events: list[StoredEvent]) -> None:
    try:
        watcher.loop.call_soon_threadsafe(watcher.callback, events)
    except RuntimeError:
        _log.debug("a follower's loop is closed")
