"""Where resources of every kind of `domain.resource` live; part of the catalogue.

Writes are durable when the call returns. A change is one step: what is there is read, a pure function
decides, and the outcome is stored, with nobody in between.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from lambdad.domain.resource import Kind, Place, Stored
from lambdad.domain.scope import Scope

T = TypeVar("T")

Decide = Callable[[T | None], T | None]
"""From what is there (None: nothing) to what shall be there (None: nothing); raises CallerError to refuse.

Called in the store's thread, so it may touch nothing but its argument and what it closes over.
"""


DecideRevised = Callable[[T | None, str], T | None]
"""As `Decide`, given also the revision id of the version or alias that the resource is qualified by."""


class ResourceStore(Protocol):
    """Resources by kind and place."""

    @property
    def epoch(self) -> int:
        """Moves with every change that was asked for, once it is made or refused; what was read before may
        be old.
        """
        ...

    async def read(self, kind: Kind[T], place: Place) -> T | None:
        """What is there, or None."""
        ...

    async def change(self, kind: Kind[T], place: Place, decide: Decide[T]) -> T | None:
        """Decide on what is there and store the outcome, in one step; what is there now.

        Removing a qualifier removes what is qualified by it.

        Raises:
            NotFound: the function, or a version that the outcome points at, does not exist; in AWS's words.
            CallerError: whatever `decide` raised; nothing is changed.
        """
        ...

    async def change_revised(
        self, kind: Kind[T], place: Place, decide: DecideRevised[T], revision_id: str
    ) -> T | None:
        """As `change`, of a resource whose changes are changes of the version or alias it is qualified by.

        That one takes `revision_id` in the same step.

        Raises:
            NotFound: the function does not exist, or has no such version or alias; in AWS's words.
            CallerError: whatever `decide` raised; nothing is changed.
        """
        ...

    async def page(
        self, kind: Kind[T], scope: Scope, *, function: str | None, after: Place | None, limit: int
    ) -> list[Stored[T]]:
        """Those of one function (or of all: None) behind place `after`, by function and name."""
        ...

    async def find(self, kind: Kind[T], found_by: str) -> list[Stored[T]]:
        """Those of any scope whose kind says that they are found by this text."""
        ...

    async def everywhere(self, kind: Kind[T]) -> list[Stored[T]]:
        """All of a kind, of any scope, by account, region, function and name."""
        ...
