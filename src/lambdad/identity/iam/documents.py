"""Policy documents as callers give them: read, judged and refused in AWS's words.

Source: AWS's texts as users report them and moto's tests against AWS record them (`MalformedPolicyDocument`);
sizes from "IAM and AWS STS quotas", which count no white space.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from lambdad.domain.errors import MalformedPolicy, QuotaExceeded
from lambdad.domain.policies.document import (
    IDENTITY_POLICY,
    TRUST_POLICY,
    Form,
    InvalidPolicy,
    read_policy,
)
from lambdad.domain.policies.statements import Policy

_SYNTAX = "Syntax errors in policy."
_TEXTS: Final = (
    (re.compile(r"it is not JSON|must be an object"), "This policy contains invalid Json"),
    (re.compile(r"must not have (?:Not)?Principal"), "Policy document should not specify a principal."),
    (re.compile(r"must not have ((?:Not)?Resource)"), r"Has prohibited field \1"),
    (re.compile(r"must have Principal"), "Missing required field Principal"),
    (re.compile(r"must have Action"), "Policy statement must contain actions."),
    (re.compile(r"must have Resource"), "Policy statement must contain resources."),
    (re.compile(r"must not be empty"), "Policy statement must contain resources."),
    (
        re.compile(r".* is not an action"),
        "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
    ),
    (re.compile(r"(?:Not)?Resource (.*): not an ARN"), r'Resource \1 must be in ARN format or "*".'),
    (re.compile(r"\(SID\)"), "Statement IDs (SID) in a single policy must be unique."),
    (re.compile(r"Principal has an unknown kind (.*)"), r"Invalid principal in policy"),
)


def identity_policy(document: str, quota: str, most: int) -> Policy:
    """Read a document that says what its holder may do.

    Args:
        document: as it was given.
        quota: what the bound is called.
        most: characters beside white space.

    Raises:
        MalformedPolicy: it is none.
        QuotaExceeded: it is too long.
    """
    _bounded(document, quota, most)
    return _read(document, IDENTITY_POLICY)


def trust_policy(document: str, most: int) -> Policy:
    """Read a document that says who may assume a role.

    Raises:
        MalformedPolicy: it is none, or about anything else.
        QuotaExceeded: it is too long.
    """
    _bounded(document, f"Cannot exceed quota for ACLSizePerRole: {most}", most)
    policy = _read(document, TRUST_POLICY)
    actions = [glob for statement in policy.statements for glob in statement.actions.globs]
    if not all(any(glob.matches(action) for action in _TRUST_ACTIONS) for glob in actions):
        raise MalformedPolicy("AssumeRole policy may only specify STS AssumeRole actions.")
    return policy


_TRUST_ACTIONS: Final = (
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
    "sts:TagSession",
    "sts:SetSourceIdentity",
    "sts:SetContext",
)


def escaped(document: str) -> str:
    """As answers have it: percent-encoded, as RFC 3986 says."""
    return quote(document, safe="")


def _bounded(document: str, quota: str, most: int) -> None:
    if len("".join(document.split())) > most:
        raise QuotaExceeded(quota)


def _read(document: str, form: Form) -> Policy:
    try:
        return read_policy(document, form)
    except InvalidPolicy as error:
        raise MalformedPolicy(_worded(str(error))) from error


def _worded(found: str) -> str:
    for pattern, text in _TEXTS:
        match = pattern.search(found)
        if match is not None:
            return match.expand(text)
    return _SYNTAX
