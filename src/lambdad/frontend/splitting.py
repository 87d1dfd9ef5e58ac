"""Which of two versions a call of a weighted alias gets.

Each call is decided on its own, without a memory of those before, as AWS does. Source: AWS's page "Implement
Lambda canary deployments using a weighted alias": "a simple probabilistic model".
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from lambdad.domain.errors import CallerError
from lambdad.domain.function import FunctionVersion

Draw = Callable[[], float]
"""A number from 0, included, to 1, excluded."""


@dataclass(frozen=True, slots=True)
class Weighted:
    """What a weighted alias means.

    Attributes:
        version: takes what is left by the weight.
        other: takes a part of the calls.
        weight: that part, 0 to 1.
        refusals: of `version` and of `other`: why it cannot run now; None when it can.
    """

    version: FunctionVersion
    other: FunctionVersion
    weight: float
    refusals: tuple[CallerError | None, CallerError | None] = (None, None)

    @property
    def is_ready(self) -> bool:
        """Whether both versions can run."""
        return self.refusals == (None, None)

    def drawn(self, drawn: float) -> FunctionVersion:
        """The version of one call when 0 ≤ `drawn` < 1 was drawn.

        Raises:
            CallerError: it cannot run now.
        """
        is_other = takes_other(self.weight, drawn)
        refusal = self.refusals[is_other]
        if refusal is not None:
            raise refusal
        return self.other if is_other else self.version


class _Retiring(Protocol):
    @property
    def retired(self) -> bool:
        """It takes no more environments."""
        ...


class _Routed(Protocol):
    @property
    def pool(self) -> _Retiring:
        """Where its calls go."""
        ...


R = TypeVar("R", bound=_Routed)


class Split(Generic[R]):
    """The two routes of a weighted alias.

    Args:
        draw: decides; the test's own in tests.
    """

    __slots__ = ("_draw", "_weight", "main", "other")

    def __init__(self, main: R, other: R, weight: float, draw: Draw = random.random) -> None:
        self.main = main
        self.other = other
        self._weight = weight
        self._draw = draw

    def pick(self) -> R | None:
        """The route of one call; None when one of the two has to be resolved anew."""
        if self.main.pool.retired or self.other.pool.retired:
            return None
        return self.other if takes_other(self._weight, self._draw()) else self.main


def takes_other(weight: float, drawn: float) -> bool:
    """Whether a call goes to the version that has `weight`, 0 to 1, when 0 ≤ `drawn` < 1 was drawn."""
    return drawn < weight
