"""Resources of every kind in memory: implements `ports.resource_store.ResourceStore`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from lambdad.domain.alias import ALIASES
from lambdad.domain.arn import FunctionReference, is_version
from lambdad.domain.errors import NotFound, VersionInUse
from lambdad.domain.policies.attached import LAYER_POLICIES
from lambdad.domain.resource import ACCOUNT, Kind, Place, Stored
from lambdad.domain.scope import Scope
from lambdad.ports.resource_store import Decide, DecideRevised

T = TypeVar("T")


class FakeResources:
    """Resources in dictionaries.

    Args:
        exists: whether a version of a function is in the catalogue.
        qualifier_gone: called with scope, function and name after a qualifier was removed.
        revise: gives a version of a function another revision id, if one is given; the one it had.
    """

    def __init__(
        self,
        exists: Callable[[Scope, str, str], bool],
        qualifier_gone: Callable[[Scope, str, str], None] = lambda *_: None,
        revise: Callable[[Scope, str, str, str | None], str] = lambda *_: "",
    ) -> None:
        self._exists = exists
        self._qualifier_gone = qualifier_gone
        self._revise = revise
        self._values: dict[str, dict[Place, Any]] = {}
        self._kinds: dict[str, Kind[Any]] = {}
        self.epoch = 0

    async def read(self, kind: Kind[T], place: Place) -> T | None:
        return self._of(kind).get(place)

    async def change(self, kind: Kind[T], place: Place, decide: Decide[T]) -> T | None:
        self.epoch += 1
        self._need(place, "$LATEST", None)
        outcome = decide(self._of(kind).get(place))
        if outcome is None:
            self._of(kind).pop(place, None)
            if kind.is_qualifier:
                self._drop_qualified(place.scope, place.function, place.name)
                self._qualifier_gone(place.scope, place.function, place.name)
            return None
        for version in kind.versions(outcome):
            self._need(place, version, version)
        self._of(kind)[place] = outcome
        return outcome

    async def change_revised(
        self, kind: Kind[T], place: Place, decide: DecideRevised[T], revision_id: str
    ) -> T | None:
        self._need(place, "$LATEST", None)
        if is_version(place.name):
            self._need(place, place.name, place.name)
            current = self._revise(place.scope, place.function, place.name, None)
            outcome = await self.change(kind, place, lambda there: decide(there, current))
            self._revise(place.scope, place.function, place.name, revision_id)
            return outcome
        alias = self._of(ALIASES).get(place)
        if alias is None:
            reference = FunctionReference(place.function, place.name)
            raise NotFound(f"Function not found: {reference.arn(place.scope)}")
        outcome = await self.change(kind, place, lambda there: decide(there, alias.revision_id))
        self._of(ALIASES)[place] = replace(alias, revision_id=revision_id)
        return outcome

    async def page(
        self, kind: Kind[T], scope: Scope, *, function: str | None, after: Place | None, limit: int
    ) -> list[Stored[T]]:
        start = (after.function, after.name) if after else ("", "")
        return [
            stored
            for stored in await self.everywhere(kind)
            if stored.place.scope == scope
            and function in (None, stored.place.function)
            and (stored.place.function, stored.place.name) > start
        ][:limit]

    async def find(self, kind: Kind[T], found_by: str) -> list[Stored[T]]:
        return [stored for stored in await self.everywhere(kind) if kind.found_by(stored.value) == found_by]

    async def everywhere(self, kind: Kind[T]) -> list[Stored[T]]:
        return [Stored(place, self._of(kind)[place]) for place in sorted(self._of(kind), key=_order)]

    def has(self, kind: Kind[T], place: Place) -> bool:
        """Whether something is there."""
        return place in self._of(kind)

    def write_new(self, kind: Kind[T], place: Place, value: T) -> None:
        """A function was made with this beside it."""
        self._of(kind)[place] = value

    def version_goes(self, scope: Scope, function: str, version: str) -> None:
        """A version is deleted; refused while something points at it."""
        pointing = sorted(
            place.name
            for name, values in self._values.items()
            for place, value in values.items()
            if (place.scope, place.function) == (scope, function)
            and version in self._kinds[name].versions(value)
        )
        if pointing:
            raise VersionInUse(pointing)
        self._drop_qualified(scope, function, version)

    def layer_goes(self, scope: Scope, version: str) -> None:
        """A layer version is deleted with its policy."""
        self._of(LAYER_POLICIES).pop(Place(scope, ACCOUNT, version), None)

    def function_goes(self, scope: Scope, function: str) -> None:
        """A function is deleted with all that belongs to it."""
        for values in self._values.values():
            for place in [place for place in values if (place.scope, place.function) == (scope, function)]:
                del values[place]

    def _drop_qualified(self, scope: Scope, function: str, qualifier: str) -> None:
        for name, values in self._values.items():
            if self._kinds[name].is_qualified:
                values.pop(Place(scope, function, qualifier), None)

    def _need(self, place: Place, version: str, said: str | None) -> None:
        if place.function != ACCOUNT and not self._exists(place.scope, place.function, version):
            reference = FunctionReference(place.function, said)
            raise NotFound(f"Function not found: {reference.arn(place.scope)}")

    def _of(self, kind: Kind[T]) -> dict[Place, T]:
        self._kinds[kind.name] = kind
        return self._values.setdefault(kind.name, {})


def _order(place: Place) -> tuple[str, str, str, str]:
    return place.scope.account, place.scope.region, place.function, place.name
