"""Where whoever does something says that it was done: two appends, called from the invocation path.

Neither ever blocks, and neither ever fails there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lambdad.domain.measured import Noted, Ran


@dataclass(frozen=True, slots=True)
class Measures:
    """Takes what was measured.

    Attributes:
        ran: takes invocations that are over.
        noted: takes everything else.
    """

    ran: Callable[[Ran], object]
    noted: Callable[[Noted], object]


@dataclass(frozen=True, slots=True)
class Told:
    """Measures that are kept until somebody takes them; the lists themselves stay."""

    ran: list[Ran] = field(default_factory=list)
    noted: list[Noted] = field(default_factory=list)

    @property
    def measures(self) -> Measures:
        """What the path calls."""
        return Measures(self.ran.append, self.noted.append)


def _nothing(_measured: Ran | Noted) -> None:
    """Nobody wants to know."""


UNMEASURED = Measures(_nothing, _nothing)
"""For whoever is used alone."""
