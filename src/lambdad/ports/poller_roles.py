"""What pollers may do: they act with the role of the mapping's function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class PollerRoles(Protocol):
    """Decides at once; what binds a role may change at any time."""

    def lacking(self, role: str, function: str, actions: Sequence[str], resource: str) -> str | None:
        """The first of some actions that a role may not do on a resource; None when it may do all.

        Args:
            role: ARN.
            function: bare name; names the session.
            actions: each with its service, ``sqs:ReceiveMessage``.
            resource: ARN.
        """
        ...
