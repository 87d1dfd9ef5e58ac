"""Which condition keys policies mention: no other matters to a decision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lambdad.domain.policies.conditions import KeyTest
from lambdad.domain.policies.statements import Policy, Statement
from lambdad.domain.policies.templates import ArnTemplate, Template, Variable


def mentioned(policies: Iterable[Policy]) -> frozenset[str]:
    """All keys that conditions test or that stand in texts as variables; in lower case."""
    return frozenset(key for policy in policies for each in policy.statements for key in _of(each))


def _of(statement: Statement) -> Iterator[str]:
    for arn in statement.resources.arns if statement.resources is not None else ():
        yield from _variables(arn)
    for condition in statement.conditions:
        yield condition.key
        if isinstance(condition, KeyTest):
            for wanted in condition.wanted:
                yield from _variables(wanted)


def _variables(text: Template | ArnTemplate) -> Iterator[str]:
    for part in text.parts if isinstance(text, ArnTemplate) else (text,):
        yield from (token.key for token in part.tokens if isinstance(token, Variable))
