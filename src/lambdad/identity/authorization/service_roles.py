"""The role that a service acts with, as Step Functions and Scheduler do: whether the service may assume it.

Source: Step Functions developer guide, "Creating an IAM role"; EventBridge Scheduler user guide, "Setting up
the execution role": the trust policy names the service, conditions may name the resource it acts for.
"""

from __future__ import annotations

from dataclasses import replace

from lambdad.domain.errors import AccessDenied
from lambdad.domain.http import Caller
from lambdad.domain.identity import Who
from lambdad.domain.policies.combined import Asked, Policies, combine
from lambdad.domain.policies.principals import service as service_principal
from lambdad.domain.scope import Scope
from lambdad.identity.authorization.facts import of_service
from lambdad.identity.authorization.needs import account_of
from lambdad.ports.principals import Principals


class ServiceRoles:
    """Finds who a service is while it acts with a role.

    Args:
        principals: the roles there are.
        enforce: whether a role that is not there grants nothing, and not everything.
    """

    def __init__(self, principals: Principals, *, enforce: bool) -> None:
        self._principals = principals
        self._enforce = enforce

    def caller(
        self, name: str, role: str, source_arn: str | None, account: str | None, region: str
    ) -> Caller:
        """A session of the role.

        Args:
            name: of the service, ``states.amazonaws.com``.
            role: its ARN.
            source_arn: the resource the service acts for.
            account: whose that is.
            region: where.

        Raises:
            AccessDenied: the role does not let the service in, or is not there where that matters.
        """
        owner = account_of(role) or account or Scope().account
        if account is not None and owner != account:
            raise AccessDenied("Cross-account pass role is not allowed.")
        scope = Scope(owner, region)
        trust = self._principals.trust(role)
        who = self._principals.who(role)
        if trust is None or who is None:
            if self._enforce:
                raise AccessDenied(f"{name} is not authorized to assume role {role}: there is none.")
            return Caller(scope)
        keys = of_service(name, source_arn, account)
        asked = Asked(service_principal(name), "", "sts:AssumeRole", role, keys)
        if not combine(asked, Policies(identity=None, resource=trust, resource_must_allow=True)).allowed:
            raise AccessDenied(f"{name} is not authorized to assume role {role}")
        return Caller(scope, who=_named(who, name))


def _named(who: Who, name: str) -> Who:
    """The session, called after the service."""
    session = name.partition(".")[0]
    return replace(
        who,
        arn=f"{who.arn.rpartition('/')[0]}/{session}",
        unique_id=f"{who.unique_id.partition(':')[0]}:{session}",
    )
