"""Which actions a policy of Lambda may name."""

from __future__ import annotations

from functools import cache

from lambdad.awsapi import model
from lambdad.domain.errors import InvalidParameter
from lambdad.domain.policies.statements import Policy
from lambdad.domain.policies.wildcards import Glob, pieces_of

_OF_IAM_ALONE = ("InvokeFunction", "InvokeFunctionUrl", "EnableReplication", "DisableReplication")
"""Actions without an operation of their name. Source: Service Authorization Reference, "AWS Lambda"."""


@cache
def actions() -> frozenset[str]:
    """Every action of Lambda: the operations of the model, and those that only IAM knows."""
    return frozenset(f"lambda:{name}" for name in (*model.load("lambda").operations, *_OF_IAM_ALONE))


def check_action(action: str) -> None:
    """Refuse an action, with wildcards or without, that no operation of Lambda needs.

    Raises:
        InvalidParameter: there is none.
    """
    if not _is_known(Glob(pieces_of(action), fold=True)):
        raise InvalidParameter(f"The provided action {action} is not an action of Lambda.")


def check_actions(policy: Policy) -> None:
    """Refuse a policy that names other actions.

    Raises:
        InvalidParameter: it does.
    """
    if not all(_is_known(glob) for statement in policy.statements for glob in statement.actions.globs):
        raise InvalidParameter(
            "The provided policy is invalid: it names an action that Lambda does not have."
        )


def _is_known(glob: Glob) -> bool:
    return any(glob.matches(action) for action in actions())
