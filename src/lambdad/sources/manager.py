"""The state manager: a poller for each mapping that shall be polled, and the states in between.

The catalogue says what shall be; a mapping that is Creating, Enabling, Updating, Disabling or Deleting is
brought there and settled. One task per mapping works at a time, on what the catalogue says then, so a server
that was killed in the middle goes on where it is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from lambdad.domain.errors import InvalidParameter, ResourceInUse
from lambdad.domain.event_source_mapping import MAPPINGS, EventSourceMapping, place_of
from lambdad.domain.event_sources import SourceKind
from lambdad.domain.function import FunctionVersion
from lambdad.domain.limits import SETTLE_DELAY_S, SOURCES_CLOSE_S
from lambdad.domain.mapping_states import SETTLED, Change, MappingState
from lambdad.domain.scope import Scope
from lambdad.ports.event_sources import Poller, PollerMaker, PollerReport, StartFrom
from lambdad.ports.resource_store import ResourceStore

NOT_POLLED: Final = (
    "This version of lambdad does not poll event sources of this kind, so the mapping stays disabled."
)
"""StateTransitionReason of a mapping that shall be polled and is not."""

_AGAIN_S: Final = 5.0  # after the catalogue could not be read or written
_log = logging.getLogger("lambdad.sources")


@dataclass(slots=True)
class _At:
    """A mapping at work: its poller runs by `mapping`; `wants_look` when something changed since."""

    scope: Scope
    uuid: str
    mapping: EventSourceMapping | None = None
    poller: Poller | None = None
    task: asyncio.Task[None] | None = None
    wants_look: bool = False


class StateManager:
    """Implements `ports.event_sources.EventSources`.

    Args:
        resources: where mappings are kept.
        makers: by kind; kinds without one are not polled.
        refused: kinds that no mapping is admitted of, with what is said.
        sleep: waits so many seconds; virtual in tests.
        settle_delay_s: from a change to its success, at least.
    """

    def __init__(
        self,
        resources: ResourceStore,
        makers: Mapping[SourceKind, PollerMaker],
        *,
        refused: Mapping[SourceKind, str] | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        settle_delay_s: float = SETTLE_DELAY_S,
    ) -> None:
        self._resources = resources
        self._makers = makers
        self._refused = refused or {}
        self._results: dict[str, str] = {}
        self._sleep = sleep
        self._delay_s = settle_delay_s
        self._at: dict[str, _At] = {}
        self._stopped = False

    async def start(self) -> None:
        """Go on with every mapping that is kept."""
        for stored in await self._resources.everywhere(MAPPINGS):
            self._look(stored.place.scope, stored.value.uuid)

    def changed(self, scope: Scope, uuid: str) -> None:
        """A mapping was made, changed or is to be removed."""
        self._look(scope, uuid)

    def function_changed(self, scope: Scope, name: str) -> None:
        """A function is another now, or gone, or back; whoever changes functions calls this."""
        for at in self._at.values():
            mapping, poller = at.mapping, at.poller
            if mapping is None or poller is None or at.scope != scope:
                continue
            if mapping.function_name == name:
                poller.function_changed()

    def not_polled(self, kind: SourceKind) -> str | None:
        """Why sources of a kind are not polled."""
        maker = self._makers.get(kind)
        return NOT_POLLED if maker is None else maker.not_polled()

    async def admit(self, scope: Scope, mapping: EventSourceMapping, version: FunctionVersion) -> None:
        """Refuse a mapping that could not work, when its kind is polled, and one of a kind that never is.

        Raises:
            InvalidParameter: says why.
        """
        if mapping.kind in self._refused:
            raise InvalidParameter(self._refused[mapping.kind])
        if self.not_polled(mapping.kind) is None:
            await self._makers[mapping.kind].admit(scope, mapping, version)

    def last_result(self, uuid: str) -> str | None:
        """How the last of its events went, also by a poller before."""
        at = self._at.get(uuid)
        result = None if at is None or at.poller is None else at.poller.report().result
        return result or self._results.get(uuid)

    def reports(self) -> Iterator[tuple[str, PollerReport]]:
        """What each poller is doing, by UUID."""
        for uuid, at in self._at.items():
            if at.poller is not None:
                yield uuid, at.poller.report()

    async def lag(self, uuid: str) -> int | None:
        """How many events wait in the source of a mapping, about; None when nobody can tell."""
        at = self._at.get(uuid)
        return None if at is None or at.poller is None else await at.poller.lag()

    async def reset(self, mapping: EventSourceMapping, scope: Scope, start: StartFrom) -> None:
        """Have a mapping read its source from there on, whatever was read before.

        Raises:
            InvalidParameter: its source cannot be read from there, or is not polled.
            ResourceInUse: a change of it is under way.
        """
        maker = self._makers.get(mapping.kind)
        if maker is None or (why := maker.not_polled()) is not None:
            raise InvalidParameter(NOT_POLLED if maker is None else str(why))
        at = self._at.setdefault(mapping.uuid, _At(scope, mapping.uuid))
        if at.task is not None or mapping.state not in SETTLED:
            raise ResourceInUse("Cannot update the event source mapping because it is in use.")
        at.task = asyncio.create_task(self._reset(at, maker, mapping, start))
        task = at.task
        try:
            await task
        finally:
            if at.task is task:
                at.task = None
            self._look(scope, mapping.uuid)

    async def _reset(
        self, at: _At, maker: PollerMaker, mapping: EventSourceMapping, start: StartFrom
    ) -> None:
        await self._end(at)
        await maker.reset(at.scope, mapping, start)

    def stop(self) -> None:
        """Read nothing more; what was read is still settled."""
        if not self._stopped:
            self._stopped = True
            for at in self._at.values():
                if at.task is not None:
                    at.task.cancel()
                at.task = None if at.poller is None else asyncio.create_task(at.poller.stop(at_once=True))

    async def close(self) -> None:
        """End everything; what is not settled, the sources give again."""
        self.stop()
        tasks = [at.task for at in self._at.values() if at.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=SOURCES_CLOSE_S)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _look(self, scope: Scope, uuid: str) -> None:
        if self._stopped:
            return
        at = self._at.setdefault(uuid, _At(scope, uuid))
        at.wants_look = True
        if at.task is None:
            at.task = asyncio.create_task(self._work(at), name=f"states of {uuid}")

    async def _work(self, at: _At) -> None:
        while at.wants_look:
            at.wants_look = False
            try:
                if not await self._bring(at):
                    at.wants_look = True
            except Exception:  # noqa: BLE001 - or the mapping would never be looked at again
                _log.exception("a mapping was not settled", extra={"event": "sources.settle"})
                at.wants_look = True
                await self._sleep(_AGAIN_S)
        at.task = None
        if at.poller is None:
            self._at.pop(at.uuid, None)

    async def _bring(self, at: _At) -> bool:
        """Do what the catalogue says of a mapping now; whether it is settled then."""
        place = place_of(at.scope, at.uuid)
        mapping = await self._resources.read(MAPPINGS, place)
        if mapping is None:
            await self._end(at)
            return True
        match mapping.state:
            case MappingState.ENABLED | MappingState.DISABLED:
                return await self._rest(at, mapping)
            case MappingState.DISABLING:
                await self._end(at)
            case MappingState.DELETING:
                await self._end(at)
                await self._forget(at, mapping)
            case _:
                await self._begin(at, mapping)
        await self._sleep(self._delay_s)
        await self._resources.change(MAPPINGS, place, _settled)
        return False

    async def _rest(self, at: _At, mapping: EventSourceMapping) -> bool:
        """A settled mapping; not settled after all when what is offered has changed since it was."""
        is_polled = mapping.is_wanted and self.not_polled(mapping.kind) is None
        if is_polled != (mapping.state is MappingState.ENABLED):
            change = Change.ENABLE if is_polled else Change.DISABLE
            await self._resources.change(MAPPINGS, place_of(at.scope, at.uuid), _moved(mapping, change))
            return False
        if is_polled:
            await self._begin(at, mapping)
        else:
            await self._end(at)
        return True

    async def _begin(self, at: _At, mapping: EventSourceMapping) -> None:
        """Have a poller that does what a mapping says."""
        if at.poller is not None and at.mapping is not None and at.mapping.is_polled_as(mapping):
            at.mapping = mapping
            return
        await self._end(at)
        if self.not_polled(mapping.kind) is None:
            at.mapping = mapping
            at.poller = self._makers[mapping.kind].poller(at.scope, mapping)
            at.poller.start()

    async def _end(self, at: _At) -> None:
        poller, at.poller, at.mapping = at.poller, None, None
        if poller is not None:
            await poller.stop()
            if (result := poller.report().result) is not None:
                self._results[at.uuid] = result

    async def _forget(self, at: _At, mapping: EventSourceMapping) -> None:
        self._results.pop(at.uuid, None)
        maker = self._makers.get(mapping.kind)
        if maker is not None:
            await maker.forget(at.scope, mapping)


def _settled(mapping: EventSourceMapping | None) -> EventSourceMapping | None:
    """What a mapping is after what was under way; one that settled meanwhile stays."""
    if mapping is None or mapping.state in SETTLED:
        return mapping
    return mapping.moved(Change.SETTLE)


def _moved(
    seen: EventSourceMapping, change: Change
) -> Callable[[EventSourceMapping | None], EventSourceMapping | None]:
    """Move a mapping that is still as it was seen."""

    def decide(mapping: EventSourceMapping | None) -> EventSourceMapping | None:
        return mapping.moved(change) if mapping == seen and mapping is not None else mapping

    return decide
