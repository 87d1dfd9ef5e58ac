"""Provisioned concurrency in memory: configurations, and a provisioner that only notes what it is told."""

from __future__ import annotations

from collections.abc import Callable

from lambdad.domain.function import FunctionVersion
from lambdad.domain.provisioned import Allocation, ProvisionedConfig, ProvisionedStatus
from lambdad.domain.scope import Scope

_Key = tuple[Scope, str, int]


class FakeProvisioned:
    """Implements `ports.provisioned_store.ProvisionedStore`.

    Args:
        exists: whether a numbered version is in the catalogue.
    """

    def __init__(self, exists: Callable[[Scope, str, str], bool]) -> None:
        self._exists = exists
        self._configs: dict[_Key, ProvisionedConfig] = {}

    async def write(self, config: ProvisionedConfig) -> bool:
        number = _number(config.version)
        if number < 1 or not self._exists(config.scope, config.name, config.version):
            return False
        self._configs[config.scope, config.name, number] = config
        return True

    async def read(self, scope: Scope, name: str, version: str) -> ProvisionedConfig | None:
        return self._configs.get((scope, name, _number(version)))

    async def delete(self, scope: Scope, name: str, version: str) -> bool:
        return self._configs.pop((scope, name, _number(version)), None) is not None

    async def list_of(
        self, scope: Scope, name: str, *, after: str | None, limit: int
    ) -> list[ProvisionedConfig]:
        first = 0 if after is None else _number(after)
        return [self._configs[key] for key in self._sorted() if key[:2] == (scope, name) and key[2] > first][
            :limit
        ]

    async def total(self, scope: Scope, *, but: tuple[str, str] | None = None) -> int:
        left_out = None if but is None else (scope, but[0], _number(but[1]))
        return sum(
            config.requested
            for key, config in self._configs.items()
            if config.scope == scope and key != left_out
        )

    async def everywhere(self) -> list[ProvisionedConfig]:
        return [self._configs[key] for key in self._sorted()]

    def forget(self, scope: Scope, name: str, version: str | None = None) -> None:
        """The version, or the whole function, was deleted."""
        for key in [key for key in self._configs if key[:2] == (scope, name)]:
            if version is None or key[2] == _number(version):
                del self._configs[key]

    def _sorted(self) -> list[_Key]:
        return sorted(self._configs, key=lambda key: (key[0].account, key[0].region, key[1], key[2]))


def _number(version: str) -> int:
    return int(version) if version.isascii() and version.isdigit() and not version.startswith("0") else -1


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
