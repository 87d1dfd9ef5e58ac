"""Where layers live: versions that are published, read and deleted, never changed; per scope.

Part of the catalogue (`ports.catalogue_store.CatalogueStore.layers`). Writes are durable when the call
returns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from lambdad.domain.layer import LayerVersion
from lambdad.domain.scope import Scope


@dataclass(frozen=True, slots=True)
class LayerFilter:
    """Which versions a list shows.

    Attributes:
        runtime: only versions published as compatible with it; None shows all.
        architecture: likewise.
    """

    runtime: str | None = None
    architecture: str | None = None


class LayerStore(Protocol):
    """Layers and their versions."""

    async def publish(self, draft: LayerVersion) -> LayerVersion:
        """Store `draft` under the layer's next number and return it as stored; the draft's number is ignored.

        Numbers go on after deletions, even when every version was deleted.
        """
        ...

    async def read(self, scope: Scope, name: str, number: int) -> LayerVersion | None:
        """One version, or None."""
        ...

    async def delete(self, scope: Scope, name: str, number: int) -> bool:
        """Remove one version and its policy (`domain.policies.attached`); False when there is none."""
        ...

    async def list_versions(
        self, scope: Scope, name: str, *, where: LayerFilter, before: int | None, limit: int
    ) -> list[LayerVersion]:
        """Versions of one layer that match, the newest first.

        Args:
            scope: whose.
            name: of the layer; an unknown one has no versions.
            where: which of them.
            before: only versions with a smaller number; None begins at the newest.
            limit: how many at most.
        """
        ...

    async def list_layers(
        self, scope: Scope, *, where: LayerFilter, after: str | None, limit: int
    ) -> list[LayerVersion]:
        """The newest matching version of every layer that has one, by name, behind name `after`."""
        ...
