"""Whether a policy lets everybody in.

A statement that allows everybody is not public when a condition binds it to fixed values of a key that tells
callers apart. How a function URL is signed tells nobody apart, so a grant for one that needs no signature is
public.

Source: AWS Config, "lambda-function-public-access-prohibited": only fixed values count, without wildcards and
variables; the keys are those that S3 names in "The meaning of public". Users' reports of September 2024, when
Lambda blocked public policies, say that grants with `lambda:FunctionUrlAuthType` NONE were refused.
"""

from __future__ import annotations

from lambdad.domain.policies.conditions import Condition, KeyTest, Quantifier
from lambdad.domain.policies.statements import Effect, Policy, Statement

_TELLING = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceorgid",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "lambda:eventsourcetoken",
    }
)
"""Keys that tell callers apart, in lower case."""


def is_public(policy: Policy) -> bool:
    """Whether some statement allows everybody something."""
    return any(_is_public(statement) for statement in policy.statements)


def _is_public(statement: Statement) -> bool:
    audience = statement.audience
    if statement.effect is Effect.DENY or audience is None:
        return False
    opens = audience.inverted or audience.principals.everybody
    return opens and not any(_binds(condition) for condition in statement.conditions)


def _binds(condition: Condition) -> bool:
    """Whether a condition can only hold for callers that are named."""
    if not isinstance(condition, KeyTest) or condition.key not in _TELLING:
        return False
    lets_absent = condition.if_exists or condition.quantifier is Quantifier.ALL
    if condition.operator.negated or (lets_absent and condition.quantifier is not Quantifier.ANY):
        return False
    return all(wanted.is_fixed for wanted in condition.wanted)
