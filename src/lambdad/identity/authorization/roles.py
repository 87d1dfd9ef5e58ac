"""The role of a function: whether Lambda can assume it, and what becomes of one that nobody knows.

Source: recorded answers of Lambda for the text; IAM user guide, "Grant a user permissions to pass a role".
"""

from __future__ import annotations

import logging

from lambdad.domain.errors import AccessDenied, InvalidParameter
from lambdad.domain.policies.combined import Asked, Policies, combine
from lambdad.domain.policies.principals import service
from lambdad.identity.authorization.needs import account_of
from lambdad.ports.principals import Principals

_log = logging.getLogger("lambdad.identity")
_LAMBDA = "lambda.amazonaws.com"
_MOST_REMEMBERED = 1_000
_CANNOT = "The role defined for the function cannot be assumed by Lambda."


class RoleRules:
    """Decides on roles that functions are given.

    Args:
        roles: those that are known.
        enforce: whether unknown ones are refused.
    """

    def __init__(self, roles: Principals, *, enforce: bool) -> None:
        self._roles = roles
        self._enforce = enforce
        self._warned: set[str] = set()

    def check_account(self, role: str, account: str) -> None:
        """Refuse the role of another account.

        Raises:
            AccessDenied: in AWS's words.
        """
        if account_of(role) != account:
            raise AccessDenied("Cross-account pass role is not allowed.")

    def check(self, role: str, function_arn: str) -> None:
        """Refuse a role that Lambda cannot assume for a function.

        Raises:
            InvalidParameter: in AWS's words.
        """
        if not self.is_assumable(role, function_arn):
            raise InvalidParameter(_CANNOT)

    def is_assumable(self, role: str, function_arn: str) -> bool:
        """Whether Lambda can assume a role for a function; one that nobody knows where that is let pass."""
        trust = self._roles.trust(role)
        if trust is None:
            self._warn(role)
            return not self._enforce
        keys = {"aws:sourcearn": function_arn, "aws:sourceaccount": account_of(function_arn) or ""}
        asked = Asked(service(_LAMBDA), "", "sts:AssumeRole", role, keys)
        outcome = combine(asked, Policies(identity=None, resource=trust, resource_must_allow=True))
        return outcome.allowed

    def _warn(self, role: str) -> None:
        if self._enforce or role in self._warned or len(self._warned) >= _MOST_REMEMBERED:
            return
        self._warned.add(role)
        _log.warning(
            "the role %s does not exist: functions with it act as their account's root",
            role,
            extra={"event": "identity.unknown_role", "role": role},
        )
