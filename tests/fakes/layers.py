"""Layers in memory; pass the same contract as the real ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lambdad.domain.layer import LayerVersion
from lambdad.domain.scope import Scope
from lambdad.ports.layer_store import LayerFilter


class FakeLayers:
    """Implements `ports.layer_store.LayerStore`.

    Args:
        forget: told which version's policy goes.
    """

    def __init__(self, forget: Callable[[Scope, str], None] = lambda *_: None) -> None:
        self._forget = forget
        self.versions: dict[tuple[Scope, str], dict[int, LayerVersion]] = {}
        self._last: dict[tuple[Scope, str], int] = {}

    async def publish(self, draft: LayerVersion) -> LayerVersion:
        key = draft.scope, draft.name
        self._last[key] = number = self._last.get(key, 0) + 1
        published = replace(draft, number=number)
        self.versions.setdefault(key, {})[number] = published
        return published

    async def read(self, scope: Scope, name: str, number: int) -> LayerVersion | None:
        return self.versions.get((scope, name), {}).get(number)

    async def delete(self, scope: Scope, name: str, number: int) -> bool:
        self._forget(scope, f"{name}:{number}")
        return self.versions.get((scope, name), {}).pop(number, None) is not None

    async def list_versions(
        self, scope: Scope, name: str, *, where: LayerFilter, before: int | None, limit: int
    ) -> list[LayerVersion]:
        found = self._matching(scope, name, where)
        return [version for version in found if before is None or version.number < before][:limit]

    async def list_layers(
        self, scope: Scope, *, where: LayerFilter, after: str | None, limit: int
    ) -> list[LayerVersion]:
        names = sorted(name for owner, name in self.versions if owner == scope)
        newest = [self._matching(scope, name, where)[:1] for name in names if after is None or name > after]
        return [version for found in newest for version in found][:limit]

    def _matching(self, scope: Scope, name: str, where: LayerFilter) -> list[LayerVersion]:
        versions = self.versions.get((scope, name), {})
        return [
            versions[number] for number in sorted(versions, reverse=True) if _fits(versions[number], where)
        ]


def _fits(version: LayerVersion, where: LayerFilter) -> bool:
    return (where.runtime is None or where.runtime in (version.runtimes or ())) and (
        where.architecture is None or where.architecture in (version.architectures or ())
    )
