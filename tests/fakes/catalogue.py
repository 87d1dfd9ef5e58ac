"""A catalogue in memory; passes the same contract as the real one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from lambdad.domain.alias import ALIASES
from lambdad.domain.function import LATEST, CodeKey, FunctionVersion, LayerKeys, State, UpdateStatus
from lambdad.domain.resource import Place
from lambdad.domain.scope import Scope
from lambdad.ports.catalogue_store import Beside, Usage
from tests.fakes.layers import FakeLayers
from tests.fakes.provisioned import FakeProvisioned
from tests.fakes.resources import FakeResources


class _Function:
    def __init__(self, latest: FunctionVersion, tags: Mapping[str, str]) -> None:
        self.versions = {LATEST: latest}
        self.tags = dict(tags)
        self.last_number = 0


class FakeCatalogue:
    """Implements `ports.catalogue_store.CatalogueStore`."""

    def __init__(self) -> None:
        self._functions: dict[tuple[Scope, str], _Function] = {}
        self.provisioned = FakeProvisioned(self._can_be_provisioned)
        self.resources = FakeResources(self._has, self.provisioned.forget, self._revise)
        self.layers = FakeLayers(self.resources.layer_goes)

    async def create(
        self, latest: FunctionVersion, tags: Mapping[str, str], beside: Sequence[Beside] = ()
    ) -> bool:
        if (latest.scope, latest.name) in self._functions:
            return False
        self._functions[latest.scope, latest.name] = _Function(latest, tags)
        for kind, name, value in beside:
            self.resources.write_new(kind, Place(latest.scope, latest.name, name), value)
        return True

    async def read(self, scope: Scope, name: str, version: str = LATEST) -> FunctionVersion | None:
        function = self._functions.get((scope, name))
        return None if function is None else function.versions.get(version)

    async def replace(self, new: FunctionVersion, *, expected_revision: str) -> bool:
        stored = await self.read(new.scope, new.name, new.version)
        if stored is None or stored.revision_id != expected_revision:
            return False
        self._functions[new.scope, new.name].versions[new.version] = new
        return True

    async def publish(self, published: FunctionVersion) -> bool:
        function = self._functions.get((published.scope, published.name))
        if function is None or int(published.version) <= function.last_number:
            return False
        function.versions[published.version] = published
        function.last_number = int(published.version)
        return True

    async def last_version_number(self, scope: Scope, name: str) -> int:
        function = self._functions.get((scope, name))
        return 0 if function is None else function.last_number

    async def delete_version(self, scope: Scope, name: str, version: str) -> bool:
        function = self._functions.get((scope, name))
        if function is None or version == LATEST or version not in function.versions:
            return False
        self.resources.version_goes(scope, name, version)
        self.provisioned.forget(scope, name, version)
        return function.versions.pop(version, None) is not None

    async def delete_function(self, scope: Scope, name: str) -> bool:
        self.resources.function_goes(scope, name)
        self.provisioned.forget(scope, name)
        return self._functions.pop((scope, name), None) is not None

    async def list_functions(self, scope: Scope, *, after: str | None, limit: int) -> list[FunctionVersion]:
        return [
            function.versions[LATEST] for name, function in self._of(scope) if after is None or name > after
        ][:limit]

    async def list_versions(
        self, scope: Scope, name: str | None, *, after: tuple[str, str] | None, limit: int
    ) -> list[FunctionVersion]:
        versions = [
            version
            for owner, function in self._of(scope)
            if name in (None, owner)
            for version in sorted(function.versions.values(), key=_place)
        ]
        return [v for v in versions if after is None or _place(v) > (after[0], _number(after[1]))][:limit]

    async def read_tags(self, scope: Scope, name: str) -> dict[str, str]:
        await asyncio.sleep(0)  # others come in between, as with a real store
        function = self._functions.get((scope, name))
        return {} if function is None else dict(function.tags)

    async def write_tags(self, scope: Scope, name: str, tags: Mapping[str, str]) -> bool:
        function = self._functions.get((scope, name))
        if function is None:
            return False
        function.tags = dict(tags)
        return True

    async def usage(self, scope: Scope) -> Usage:
        functions = [function for _, function in self._of(scope)]
        own = sum(version.code_bytes for f in functions for version in f.versions.values())
        layers = sum(
            version.code_bytes
            for (owner, _), versions in self.layers.versions.items()
            if owner == scope
            for version in versions.values()
        )
        return Usage(len(functions), own + layers)

    async def unsettled(self) -> list[FunctionVersion]:
        return [
            version
            for function in self._functions.values()
            for version in function.versions.values()
            if version.state is State.PENDING or version.update_status is UpdateStatus.IN_PROGRESS
        ]

    async def code_keys(self) -> set[CodeKey]:
        own = {v.code_key for function in self._functions.values() for v in function.versions.values()}
        layers = {v.code_key for versions in self.layers.versions.values() for v in versions.values()}
        return (own | layers).union(*await self.layer_lists())

    async def runtimes(self) -> set[str]:
        versions = [v for function in self._functions.values() for v in function.versions.values()]
        return {version.runtime for version in versions if version.runtime is not None}

    async def layer_lists(self) -> set[LayerKeys]:
        versions = [v for function in self._functions.values() for v in function.versions.values()]
        return {version.layer_keys for version in versions if version.layers}

    def _has(self, scope: Scope, name: str, version: str) -> bool:
        function = self._functions.get((scope, name))
        return function is not None and version in function.versions

    def _can_be_provisioned(self, scope: Scope, name: str, qualifier: str) -> bool:
        is_version = qualifier != LATEST and self._has(scope, name, qualifier)
        return is_version or self.resources.has(ALIASES, Place(scope, name, qualifier))

    def _revise(self, scope: Scope, name: str, version: str, revision_id: str | None) -> str:
        versions = self._functions[scope, name].versions
        before = versions[version].revision_id
        if revision_id is not None:
            versions[version] = replace(versions[version], revision_id=revision_id)
        return before

    def _of(self, scope: Scope) -> list[tuple[str, _Function]]:
        return sorted(
            ((name, function) for (owner, name), function in self._functions.items() if owner == scope),
            key=lambda item: item[0],
        )


def _number(version: str) -> int:
    return 0 if version == LATEST else int(version)


def _place(version: FunctionVersion) -> tuple[str, int]:
    return version.name, _number(version.version)
