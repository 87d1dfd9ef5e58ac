"""Has environments kept initialised as versions and aliases ask for it, and follows when an alias moves.

What is asked for and where aliases point is in the catalogue; `ports.provisioner` is told numbers per
version. Everything that changes either holds `Keeping.changing`, so that sums are right and the provisioner
hears of changes in their order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from lambdad.control.provisioned_shares import Wanted, combined
from lambdad.domain.alias import ALIASES
from lambdad.domain.arn import is_version
from lambdad.domain.provisioned import Allocation, ProvisionedConfig
from lambdad.domain.resource import Place
from lambdad.domain.scope import Scope
from lambdad.ports.catalogue_store import CatalogueStore
from lambdad.ports.provisioner import Provisioner

_NOTHING = Wanted({}, {})


class Keeping:
    """Between the catalogue and the provisioner.

    Args:
        most: configurations that one function can have, as each asks for one environment at least.

    Attributes:
        changing: held by whoever changes what is asked for, or where an alias points.
    """

    def __init__(self, catalogue: CatalogueStore, provisioner: Provisioner, most: int) -> None:
        self._catalogue = catalogue
        self._provisioner = provisioner
        self._most = most
        self.changing = asyncio.Lock()

    async def start(self) -> None:
        """Keep again what the last server kept; call once."""
        everything = await self._catalogue.provisioned.everywhere()
        for scope, name in dict.fromkeys((one.scope, one.name) for one in everything):
            await self.follow(scope, name, _NOTHING)

    async def wanted(self, scope: Scope, name: str) -> Wanted:
        """What is asked for of a function now."""
        found = await self._catalogue.provisioned.list_of(scope, name, after=None, limit=self._most)
        aliases = {}
        for config in found:
            if not is_version(config.qualifier):
                place = Place(scope, name, config.qualifier)
                alias = await self._catalogue.resources.read(ALIASES, place)
                if alias is not None:
                    aliases[alias.name] = alias
        return Wanted({config.qualifier: config for config in found}, aliases)

    async def follow(self, scope: Scope, name: str, before: Wanted, anew: Collection[str] = ()) -> None:
        """Tell the provisioner what has changed since `before`, and all about the versions in `anew`."""
        old, new = before.totals, (await self.wanted(scope, name)).totals
        told = [number for number, count in new.items() if count != old.get(number) or number in anew]
        versions = [await self._catalogue.read(scope, name, number) for number in told]
        # From here on without a pause: what one version gives up is nobody else's before another has it.
        for number in old.keys() - new.keys():
            self._provisioner.withdraw(scope, name, number)
        for version in versions:
            if version is not None:
                self._provisioner.provide(version, new[version.version])

    def allocation(self, wanted: Wanted, config: ProvisionedConfig) -> Allocation:
        """How far a configuration has come."""
        return combined(
            wanted.shares(config.qualifier),
            wanted.totals,
            lambda number: self._provisioner.allocation(config.scope, config.name, number),
        )
