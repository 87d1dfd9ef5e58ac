"""Roles, as those see them who are asked to assume one."""

from __future__ import annotations

from typing import Protocol

from lambdad.domain.policies.statements import Policy


class Roles(Protocol):
    """The roles of all accounts, in memory."""

    def trust(self, role_arn: str) -> Policy | None:
        """Who may assume a role; None when there is no such role."""
        ...
