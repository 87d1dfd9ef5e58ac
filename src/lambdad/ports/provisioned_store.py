"""Where provisioned concurrency is configured; part of the catalogue.

Writes are durable when the call returns. A configuration goes with its version, alias or function.
"""

from __future__ import annotations

from typing import Protocol

from lambdad.domain.provisioned import ProvisionedConfig
from lambdad.domain.scope import Scope


class ProvisionedStore(Protocol):
    """Configurations by qualifier: the number of a published version, or an alias."""

    async def write(self, config: ProvisionedConfig) -> bool:
        """Store or replace a configuration; False when there is no such version or alias."""
        ...

    async def read(self, scope: Scope, name: str, qualifier: str) -> ProvisionedConfig | None:
        """The configuration of a version or alias, or None."""
        ...

    async def delete(self, scope: Scope, name: str, qualifier: str) -> bool:
        """Remove the configuration of a version or alias; False when there is none."""
        ...

    async def list_of(
        self, scope: Scope, name: str, *, after: str | None, limit: int
    ) -> list[ProvisionedConfig]:
        """Configurations of one function behind `after`: of versions by number, then of aliases by name."""
        ...

    async def totals(self, scope: Scope, *, but: tuple[str, str] | None = None) -> dict[str, int]:
        """What is requested in the scope, by function; `but` is a (name, qualifier) that is left out."""
        ...

    async def everywhere(self) -> list[ProvisionedConfig]:
        """Every configuration of any scope (after a restart)."""
        ...
