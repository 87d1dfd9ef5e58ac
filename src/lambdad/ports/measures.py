"""Where whoever does something says that it was done: two appends, called from the invocation path.

Neither ever blocks, and neither ever fails there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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


def _nothing(_measured: Ran | Noted) -> None:
    """Nobody wants to know."""


UNMEASURED = Measures(_nothing, _nothing)
"""For whoever is used alone."""
