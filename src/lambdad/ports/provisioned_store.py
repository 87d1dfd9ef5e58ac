"""Where provisioned concurrency is configured; part of the catalogue.

Writes are durable when the call returns. A configuration goes with its version or function.
"""

from __future__ import annotations

from typing import Protocol

from lambdad.domain.provisioned import ProvisionedConfig
from lambdad.domain.scope import Scope


class ProvisionedStore(Protocol):
    """Configurations by version."""

    async def write(self, config: ProvisionedConfig) -> bool:
        """Store or replace a version's configuration; False when there is no such version."""
        ...

    async def read(self, scope: Scope, name: str, version: str) -> ProvisionedConfig | None:
        """A version's configuration, or None."""
        ...

    async def delete(self, scope: Scope, name: str, version: str) -> bool:
        """Remove a version's configuration; False when there is none."""
        ...

    async def list_of(
        self, scope: Scope, name: str, *, after: str | None, limit: int
    ) -> list[ProvisionedConfig]:
        """Configurations of one function behind version `after`, by number."""
        ...

    async def total(self, scope: Scope, *, but: tuple[str, str] | None = None) -> int:
        """All that is requested in the scope; `but` is a (name, version) that is left out."""
        ...

    async def everywhere(self) -> list[ProvisionedConfig]:
        """Every configuration of any scope (after a restart)."""
        ...
