"""Users and roles by their ARNs, for those who give roles away and those who explain permissions."""

from __future__ import annotations

from typing import Protocol

from lambdad.domain.identity import Who
from lambdad.domain.policies.statements import Policy


class Principals(Protocol):
    """The users and roles of all accounts, in memory."""

    def trust(self, role_arn: str) -> Policy | None:
        """Who may assume a role; None when there is no such role."""
        ...

    def who(self, arn: str) -> Who | None:
        """A user, or a session of a role (of its ARN, or of its role's); None when there is none."""
        ...
