"""Provisioned concurrency in memory: configurations, and a provisioner that only notes what it is told."""

from __future__ import annotations

from collections.abc import Callable

from lambdad.domain.function import FunctionVersion
from lambdad.domain.provisioned import Allocation, ProvisionedConfig, ProvisionedStatus
from lambdad.domain.scope import Scope

_Key = tuple[Scope, str, str]


class FakeProvisioned:
    """Implements `ports.provisioned_store.ProvisionedStore`.

    Args:
        exists: whether a numbered version or an alias is in the catalogue.
    """

    def __init__(self, exists: Callable[[Scope, str, str], bool]) -> None:
        self._exists = exists
        self._configs: dict[_Key, ProvisionedConfig] = {}

    async def write(self, config: ProvisionedConfig) -> bool:
        if not self._exists(config.scope, config.name, config.qualifier):
            return False
        self._configs[config.scope, config.name, config.qualifier] = config
        return True

    async def read(self, scope: Scope, name: str, qualifier: str) -> ProvisionedConfig | None:
        return self._configs.get((scope, name, qualifier))

    async def delete(self, scope: Scope, name: str, qualifier: str) -> bool:
        return self._configs.pop((scope, name, qualifier), None) is not None

    async def list_of(
        self, scope: Scope, name: str, *, after: str | None, limit: int
    ) -> list[ProvisionedConfig]:
        own = [self._configs[key] for key in self._sorted() if key[:2] == (scope, name)]
        return [one for one in own if after is None or _order(one.qualifier) > _order(after)][:limit]

    async def totals(self, scope: Scope, *, but: tuple[str, str] | None = None) -> dict[str, int]:
        left_out = None if but is None else (scope, *but)
        found: dict[str, int] = {}
        for key, config in self._configs.items():
            if config.scope == scope and key != left_out:
                found[config.name] = found.get(config.name, 0) + config.requested
        return found

    async def everywhere(self) -> list[ProvisionedConfig]:
        return [self._configs[key] for key in self._sorted()]

    def forget(self, scope: Scope, name: str, qualifier: str | None = None) -> None:
        """The version or alias, or the whole function, was deleted."""
        for key in [key for key in self._configs if key[:2] == (scope, name)]:
            if qualifier in (None, key[2]):
                del self._configs[key]

    def _sorted(self) -> list[_Key]:
        return sorted(self._configs, key=lambda key: (key[0].account, key[0].region, key[1], _order(key[2])))


def _order(qualifier: str) -> tuple[bool, int, str]:
    is_alias = not qualifier.isdigit()
    return is_alias, 0 if is_alias else int(qualifier), qualifier


class FakeProvisioner:
    """Implements `ports.provisioner.Provisioner`; the test says how far each has come."""

    def __init__(self) -> None:
        self.kept: dict[tuple[Scope, str, str], Allocation] = {}
        self.asked: list[tuple[str, int]] = []

    def provide(self, version: FunctionVersion, requested: int) -> None:
        key = version.scope, version.name, version.version
        before = self.kept.get(key)
        initialised = 0 if before is None else min(before.initialised, requested)
        self.kept[key] = Allocation(ProvisionedStatus.IN_PROGRESS, initialised)
        self.asked.append((version.qualified_arn, requested))

    def withdraw(self, scope: Scope, name: str, version: str | None = None) -> None:
        for key in [key for key in self.kept if key[:2] == (scope, name)]:
            if version in (None, key[2]):
                del self.kept[key]

    def allocation(self, scope: Scope, name: str, version: str) -> Allocation | None:
        return self.kept.get((scope, name, version))
