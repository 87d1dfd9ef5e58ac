"""The last denials, for whoever wants to know why: `lambdad auth explain`."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from lambdad.domain.policies.combined import Outcome

MOST = 100
"""Denials that are remembered; kept in memory only."""


@dataclass(frozen=True, slots=True)
class Denial:
    """A request that was refused.

    Attributes:
        at_s: when, in seconds since the epoch.
        principal: its ARN.
        resource: an ARN, ``*``, or empty when the request did not say.
        keys: condition keys that the policies mention, with the request's values.
        request_id: as the caller was told.
    """

    at_s: float
    principal: str
    action: str
    resource: str
    keys: Mapping[str, tuple[str, ...]]
    outcome: Outcome
    request_id: str


@dataclass(slots=True)
class Denials:
    """The last ones, newest first."""

    _kept: deque[Denial] = field(default_factory=lambda: deque(maxlen=MOST))

    def add(self, denial: Denial) -> None:
        """Remember one; the oldest goes."""
        self._kept.appendleft(denial)

    def all(self) -> list[Denial]:
        """All that are remembered."""
        return list(self._kept)
