"""By which aliases versions have provisioned concurrency, read anew now and then: metrics name them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from lambdad.domain.alias import ALIASES
from lambdad.domain.arn import is_version
from lambdad.domain.measured import ProvidedPeak
from lambdad.domain.resource import Place
from lambdad.domain.scope import Scope
from lambdad.ports.catalogue_store import CatalogueStore

_Version = tuple[Scope, str, str]


class ProvidedNames:
    """The aliases, as they were read last."""

    def __init__(self, catalogue: CatalogueStore) -> None:
        self._catalogue = catalogue
        self._known: Mapping[_Version, tuple[str, ...]] = {}
        self._of: frozenset[tuple[_Version, int]] = frozenset()

    async def named(self, provided: tuple[ProvidedPeak, ...]) -> tuple[ProvidedPeak, ...]:
        """The same with their aliases; the catalogue is asked when there are others than before."""
        seen = frozenset((_key(one), one.limit) for one in provided if one.limit)
        if seen != self._of:
            self._known, self._of = await self._read(), seen
        return tuple(one._replace(aliases=self._known.get(_key(one), ())) for one in provided)

    async def _read(self) -> Mapping[_Version, tuple[str, ...]]:
        found: defaultdict[_Version, tuple[str, ...]] = defaultdict(tuple)
        for config in await self._catalogue.provisioned.everywhere():
            if is_version(config.qualifier):
                continue
            place = Place(config.scope, config.name, config.qualifier)
            alias = await self._catalogue.resources.read(ALIASES, place)
            for version in () if alias is None else (alias.version, *alias.weights):
                found[config.scope, config.name, version] += (config.qualifier,)
        return found


def _key(peak: ProvidedPeak) -> _Version:
    return peak.version.scope, peak.version.name, peak.version.version
