"""The filters of all log groups: kept with the catalogue, and in memory for whoever looks at events.

A change is one step of the store. Filters go before their group does, so that a group of the same name made
later has none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lambdad.domain.log_filter import LOG_FILTERS, GroupFilters
from lambdad.domain.resource import ACCOUNT, Place
from lambdad.domain.scope import Scope
from lambdad.ports.resource_store import ResourceStore

Group = tuple[Scope, str]
Decide = Callable[[GroupFilters], GroupFilters]


class FilterBook:
    """Filters by group.

    Args:
        resources: where they are kept.
    """

    def __init__(self, resources: ResourceStore) -> None:
        self._resources = resources
        self._filters: dict[Group, GroupFilters] = {}
        self.changed: Callable[[Scope, str], None] = _nobody

    async def start(self) -> None:
        """Read all there are."""
        for stored in await self._resources.everywhere(LOG_FILTERS):
            self._set(stored.place.scope, stored.place.name, stored.value)

    def of(self, scope: Scope, group: str) -> GroupFilters:
        """The filters of a group; none when nobody has put any."""
        return self._filters.get((scope, group), _NONE)

    def all_of(self, scope: Scope) -> Iterator[tuple[str, GroupFilters]]:
        """Groups with filters, by name."""
        found = [group for owner, group in self._filters if owner == scope]
        return ((group, self._filters[scope, group]) for group in sorted(found))

    async def change(self, scope: Scope, group: str, decide: Decide) -> None:
        """Change the filters of a group, durably: `decide` makes those there shall be of those there are.

        Raises:
            CallerError: whatever `decide` raised.
        """

        def run(known: GroupFilters | None) -> GroupFilters | None:
            outcome = decide(known or _NONE)
            return outcome if outcome != _NONE else None

        outcome = await self._resources.change(LOG_FILTERS, Place(scope, ACCOUNT, group), run)
        self._set(scope, group, outcome or _NONE)

    async def forget(self, scope: Scope, group: str) -> None:
        """Remove all filters of a group."""
        if (scope, group) in self._filters:
            await self.change(scope, group, lambda _: _NONE)

    def _set(self, scope: Scope, group: str, filters: GroupFilters) -> None:
        if filters == _NONE:
            self._filters.pop((scope, group), None)
        else:
            self._filters[scope, group] = filters
        self.changed(scope, group)


_NONE = GroupFilters()


def _nobody(scope: Scope, group: str) -> None:
    """Nobody listens yet."""
