"""Who asks, and whether a policy means them.

Source: IAM user guide, "Principal" and "NotPrincipal".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

EVERYBODY = "*"
AWS = "AWS"
SERVICE = "Service"
TYPES = frozenset({AWS, SERVICE, "Federated", "CanonicalUser"})
"""The kinds of principals that a policy can name."""

_ROOT = re.compile(r"arn:aws[a-zA-Z-]*:iam::(\d{12}):root")
_ACCOUNT = re.compile(r"\d{12}")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks.

    Attributes:
        names: what a policy can call them, each with its kind: a session has its own ARN and its role's. None
            at all for an account itself, and for who is anonymous.
        account: theirs; None for services and for who is anonymous.
    """

    names: frozenset[tuple[str, str]] = frozenset()
    account: str | None = None


ANONYMOUS = Principal()
"""Somebody who did not say who they are."""


def service(name: str) -> Principal:
    """A service, for example ``s3.amazonaws.com``."""
    return Principal(frozenset({(SERVICE, name)}))


def root(account: str) -> Principal:
    """An account itself."""
    return Principal(account=account)


def identity(*names: str) -> Principal:
    """A user, a role, or a session with its role: ARNs and unique ids, an ARN first.

    Raises:
        ValueError: the first is no ARN of an account.
    """
    parts = names[0].split(":", 5)
    if len(parts) < 6 or _ACCOUNT.fullmatch(parts[4]) is None:
        raise ValueError(f"not the ARN of an identity: {names[0]}")
    return Principal(frozenset((AWS, name) for name in names), parts[4])


@dataclass(frozen=True, slots=True)
class Principals:
    """The `Principal` of a statement, or its `NotPrincipal`.

    Attributes:
        everybody: it is ``*``.
        names: those it lists, each with its kind.
        accounts: those it lists as a whole, by number or by root ARN.
    """

    everybody: bool
    names: frozenset[tuple[str, str]]
    accounts: frozenset[str]

    def means(self, principal: Principal) -> bool:
        """Whether the principal is one of these, or of one of these accounts."""
        return self.everybody or bool(self.names & principal.names) or principal.account in self.accounts

    def means_directly(self, principal: Principal) -> bool:
        """Whether it is meant by itself, and not only by its account, which then has a say of its own."""
        if self.everybody or self.names & principal.names:
            return True
        return not principal.names and principal.account in self.accounts

    def means_wholly(self, principal: Principal) -> bool:
        """Whether each of its ARNs and its account are listed, as `NotPrincipal` with `Deny` asks."""
        if self.everybody or principal == ANONYMOUS:
            return self.everybody
        named = {name for name in principal.names if name[0] != AWS or name[1].startswith("arn:")}
        return named <= self.names and (principal.account is None or principal.account in self.accounts)


def read_principals(names: list[tuple[str, str]]) -> Principals:
    """Read the kinds and names of a document.

    Raises:
        ValueError: a kind that IAM does not have.
    """
    accounts, others = set(), set()
    for kind, name in names:
        if kind not in TYPES:
            raise ValueError(f"unknown kind {kind}")
        account = account_of(name) if kind == AWS else None
        if account is None:
            others.add((kind, name))
        else:
            accounts.add(account)
    return Principals((AWS, EVERYBODY) in others, frozenset(others), frozenset(accounts))


def account_of(name: str) -> str | None:
    """The account that is meant as a whole; None when something else is."""
    if _ACCOUNT.fullmatch(name):
        return name
    found = _ROOT.fullmatch(name)
    return None if found is None else found.group(1)
