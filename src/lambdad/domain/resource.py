"""Resources beside functions, versions and layers: what the catalogue has to know of each kind.

Aliases, policies, configurations by qualifier, event source mappings and the like are values of a type of
their own, kept whole. A kind says how its values hang on functions, so that nothing outlives what it
belongs to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from lambdad.domain.scope import Scope

T = TypeVar("T")

ACCOUNT = ""
"""The function of resources that belong to no function but to their account and region."""


def _nothing(_: object) -> None:
    return None


def _none(_: object) -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True, eq=False)
class Kind(Generic[T]):
    """One kind of resource.

    Attributes:
        name: unique; what the catalogue keeps its values under.
        shape: the type of its values, an immutable dataclass that can be written as JSON.
        found_by: a text under which values can be looked up across accounts and regions; None for none.
        versions: numbers of versions of its function that it points at; they must exist when it is written
            and are not deleted while it does.
        is_qualifier: its name qualifies its function, as an alias does; see `is_qualified`.
        is_qualified: its name is a qualifier of its function and it goes with what that means: with the
            version, or with the alias.
    """

    name: str
    shape: type[T]
    found_by: Callable[[T], str | None] = _nothing
    versions: Callable[[T], Sequence[str]] = _none
    is_qualifier: bool = False
    is_qualified: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a resource of a kind is.

    Attributes:
        function: the function it belongs to and goes with; `ACCOUNT` for none.
        name: among those of its kind and function; ``$LATEST`` for what belongs to a function as a whole and
            is kept by qualifier.
    """

    scope: Scope
    function: str
    name: str


@dataclass(frozen=True, slots=True)
class Stored(Generic[T]):
    """A resource with where it is."""

    place: Place
    value: T
