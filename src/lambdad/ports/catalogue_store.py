"""Where functions live: versions and tags, per scope; and with them the layers.

Writes are durable when the call returns. A change is a compare-and-swap on the revision id:
read, compute the new value, `replace`; of two racing writers exactly one gets True.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from lambdad.domain.function import CodeKey, FunctionVersion, LayerKeys
from lambdad.domain.resource import Kind
from lambdad.domain.scope import Scope
from lambdad.ports.layer_store import LayerStore
from lambdad.ports.provisioned_store import ProvisionedStore
from lambdad.ports.resource_store import ResourceStore

Beside = tuple[Kind[Any], str, Any]
"""Kind, name and value of a resource that is made together with a function, in one step."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a scope uses: `functions` counted once each, `code_bytes` summed over all versions of
    functions and layers.
    """

    functions: int
    code_bytes: int


class CatalogueStore(Protocol):
    """Functions, their versions and tags."""

    @property
    def layers(self) -> LayerStore:
        """The layers, in the same catalogue."""
        ...

    @property
    def provisioned(self) -> ProvisionedStore:
        """Provisioned concurrency, in the same catalogue."""
        ...

    @property
    def resources(self) -> ResourceStore:
        """Resources of every other kind, in the same catalogue."""
        ...

    async def create(
        self, latest: FunctionVersion, tags: Mapping[str, str], beside: Sequence[Beside] = ()
    ) -> bool:
        """Store a new function's `$LATEST` and what is made beside it; False when the name is taken
        (nothing is changed).
        """
        ...

    async def read(self, scope: Scope, name: str, version: str = "$LATEST") -> FunctionVersion | None:
        """One version, or None."""
        ...

    async def replace(self, new: FunctionVersion, *, expected_revision: str) -> bool:
        """Swap in `new` for the stored version of the same name and number.

        False when it is gone or its revision id is not `expected_revision`.
        """
        ...

    async def publish(self, published: FunctionVersion) -> bool:
        """Store a numbered version; False when that number was ever used or the function is gone."""
        ...

    async def last_version_number(self, scope: Scope, name: str) -> int:
        """The highest number ever published (deleted ones count); 0 when none."""
        ...

    async def delete_version(self, scope: Scope, name: str, version: str) -> bool:
        """Remove one numbered version and what is qualified by it; False when there is none.

        Raises:
            VersionInUse: a resource points at it.
        """
        ...

    async def delete_function(self, scope: Scope, name: str) -> bool:
        """Remove a function with all versions, tags and resources; False when there is none."""
        ...

    async def list_functions(self, scope: Scope, *, after: str | None, limit: int) -> list[FunctionVersion]:
        """`$LATEST` of the functions behind name `after`, ordered by name."""
        ...

    async def list_versions(
        self, scope: Scope, name: str | None, *, after: tuple[str, str] | None, limit: int
    ) -> list[FunctionVersion]:
        """All versions of one function (or of all: name None), `$LATEST` first, then by number.

        `after` is (name, version) of the last item of the page before.
        """
        ...

    async def read_tags(self, scope: Scope, name: str) -> dict[str, str]:
        """The function's tags, in the order they were set; empty when there is no such function."""
        ...

    async def write_tags(self, scope: Scope, name: str, tags: Mapping[str, str]) -> bool:
        """Replace the function's tags; False when there is no such function."""
        ...

    async def usage(self, scope: Scope) -> Usage:
        """What the scope uses now."""
        ...

    async def unsettled(self) -> list[FunctionVersion]:
        """Versions of any scope that are Pending or whose update is in progress (after a restart)."""
        ...

    async def code_keys(self) -> set[CodeKey]:
        """Every code key of any scope: of functions' versions, of their layers, and of layers."""
        ...

    async def runtimes(self) -> set[str]:
        """The runtimes that versions of functions of any scope have; those of images have none."""
        ...

    async def layer_lists(self) -> set[LayerKeys]:
        """The lists of layers that versions of functions of any scope have; without the empty one."""
        ...
