"""Aliases: names that point at one version of a function, or at two by weight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lambdad.domain.resource import Kind


@dataclass(frozen=True, slots=True)
class Alias:
    """An alias of a function.

    Attributes:
        version: what it points at: a number, or ``$LATEST``.
        description: empty when never given.
        revision_id: changes with every change of the alias and only then.
        weights: of the other version that takes part of the traffic, 0 to 1; empty or one item.
    """

    name: str
    version: str
    description: str
    revision_id: str
    weights: Mapping[str, float] = field(default_factory=dict)


ALIASES = Kind("alias", Alias, versions=lambda alias: (alias.version, *alias.weights), is_qualifier=True)
"""Aliases, by function and name."""
