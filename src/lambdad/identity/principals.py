"""Who asks, as a value that policies can be about."""

from __future__ import annotations

from lambdad.domain.http import Request
from lambdad.domain.identity import Who
from lambdad.domain.policies.principals import Principal, identity, root


def root_of(account: str, partition: str = "aws") -> Who:
    """An account's root."""
    return Who(account, f"arn:{partition}:iam::{account}:root", account)


def who_asks(request: Request) -> Who:
    """The principal behind a request; its account's root while nobody said who it is."""
    caller = request.caller
    return caller.who or root_of(caller.scope.account, caller.scope.partition)


def principal_of(who: Who) -> Principal:
    """As policies name it: a session by its own ARN, and by its role's ARN and id."""
    if who.is_root:
        return root(who.account)
    if who.role_arn is None:
        return identity(who.arn, who.unique_id)
    return identity(who.arn, who.unique_id, who.role_arn, who.unique_id.partition(":")[0])
