"""A second evaluator, written from AWS's flow chart on its own: documents as JSON, no index and no cache.

It knows what its test uses: actions and resources with `*`, StringEquals, StringNotEquals and Null of one key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

Statement = Mapping[str, Any]


@dataclass(frozen=True)
class Caller:
    """Who asks: `own` are names of them alone, `others` further names, such as their role's."""

    account: str
    own: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()

    @property
    def is_root(self) -> bool:
        return not self.own


@dataclass(frozen=True)
class Question:
    caller: Caller
    owner: str
    action: str
    resource: str
    keys: Mapping[str, str] = field(default_factory=dict)


def allowed(
    question: Question,
    identity: Sequence[Statement],
    resource: Sequence[Statement],
    boundary: Sequence[Statement] | None,
    session: Sequence[Statement] | None,
) -> bool:
    of_caller = [] if question.caller.is_root else [identity, boundary or [], session or []]
    for statements in (*of_caller, resource):
        for each in statements:
            if each["Effect"] == "Deny" and about(each, question):
                return False
    granted = [each for each in resource if each["Effect"] == "Allow" and about(each, question)]
    inside = question.owner == question.caller.account
    if not inside and not granted:
        return False
    if question.caller.is_root:
        return True
    by_name = any(names(each) & question.caller.own for each in granted)
    if inside and by_name:
        return True
    by_role_or_star = any(
        "*" in names(each) or "NotPrincipal" in each or names(each) & question.caller.others
        for each in granted
    )
    if not (inside and by_role_or_star) and not allows(identity, question):
        return False
    return all(limit is None or allows(limit, question) for limit in (boundary, session))


def allows(statements: Sequence[Statement], question: Question) -> bool:
    return any(each["Effect"] == "Allow" and about(each, question) for each in statements)


def names(statement: Statement) -> set[str]:
    principal = statement.get("Principal", {})
    if principal == "*":
        return {"*"}
    listed = principal.get("AWS", [])
    return {listed} if isinstance(listed, str) else set(listed)


def about(statement: Statement, question: Question) -> bool:
    return (
        whom(statement, question)
        and one_of(statement, "Action", question.action.lower(), fold=True)
        and one_of(statement, "Resource", question.resource, fold=False)
        and all(
            holds(operator, key, value, question.keys)
            for operator, test in statement.get("Condition", {}).items()
            for key, value in test.items()
        )
    )


def whom(statement: Statement, question: Question) -> bool:
    if "Principal" not in statement:
        return True
    caller = question.caller
    everybody = {*caller.own, *caller.others, caller.account, f"arn:aws:iam::{caller.account}:root", "*"}
    return bool(names(statement) & everybody)


def one_of(statement: Statement, member: str, value: str, *, fold: bool) -> bool:
    negated = f"Not{member}" in statement
    listed = statement[f"Not{member}" if negated else member]
    patterns = [listed] if isinstance(listed, str) else listed
    return any(fnmatchcase(value, each.lower() if fold else each) for each in patterns) is not negated


def holds(operator: str, key: str, value: str, keys: Mapping[str, str]) -> bool:
    given = keys.get(key)
    if operator == "Null":
        return (given is None) is (value == "true")
    if operator == "StringEquals":
        return given == value
    return given != value
