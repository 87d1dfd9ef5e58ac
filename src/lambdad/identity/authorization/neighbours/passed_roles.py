"""Roles that requests give to services, to act with later: each is passed, which needs a permission.

Source: IAM user guide, "Grant a user permissions to pass a role to an AWS service".
"""

from __future__ import annotations

from lambdad.identity.authorization.needs import Need
from lambdad.identity.authorization.neighbours.reading import text


def passed(service: str, *roles: object) -> list[Need]:
    """What it takes to pass roles; none for those that are not there.

    Args:
        service: principal they are passed to, ``states.amazonaws.com``.
        roles: members of a request.

    Raises:
        Unreadable: one that is no text.
    """
    found = dict.fromkeys(name for role in roles if (name := text(role)))
    return [Need("iam:PassRole", name, {"iam:passedtoservice": (service,)}) for name in found]
