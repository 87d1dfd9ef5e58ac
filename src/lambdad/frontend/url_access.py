"""Who may call a function URL without a signature: what the function's resource policy says; pure.

Two grants are needed, as on AWS since October 2025: `lambda:InvokeFunctionUrl` for the auth type NONE, and
`lambda:InvokeFunction`, which may be bound to calls that come through a URL.

Source: spec api §4; AWS's page "Control access to Lambda function URLs".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lambdad.domain.function_url import AuthType
from lambdad.domain.policies.evaluation import Verdict, decide
from lambdad.domain.policies.principals import ANONYMOUS
from lambdad.domain.policies.statements import Policy

_OF_URL = "lambda:InvokeFunctionUrl"
_OF_FUNCTION = "lambda:InvokeFunction"
_OF_URL_KEYS = {"lambda:FunctionUrlAuthType": AuthType.NONE.value}
_OF_FUNCTION_KEYS = {"lambda:InvokedViaFunctionUrl": "true"}
_ALIKE = {key.lower() for key in (*_OF_URL_KEYS, *_OF_FUNCTION_KEYS)}
"""Condition keys that have the same value in every call of a URL."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a policy says about calls of one URL.

    Attributes:
        verdict: for every call; None when it depends on the call.
        policy: to be asked then.
        resource: ARN of the function or alias.
    """

    verdict: bool | None
    policy: Policy | None
    resource: str

    def allows(self, keys: Callable[[], Mapping[str, str]]) -> bool:
        """Whether a call may come in; `keys` makes the condition keys of the call itself, if they matter."""
        if self.verdict is not None or self.policy is None:
            return bool(self.verdict)
        return _allows(self.policy, self.resource, keys())


def access(policies: Sequence[Policy], resource: str) -> Access:
    """What policies say together about calls of a URL without a signature.

    Args:
        policies: of the function and, if the URL is an alias's, of that; a statement of the former may be
            about aliases, too.
        resource: ARN of what the URL leads to.
    """
    policy = Policy(tuple(statement for policy in policies for statement in policy.statements))
    keys = {condition.key for statement in policy.statements for condition in statement.conditions}
    if keys <= _ALIKE:
        return Access(_allows(policy, resource, {}), None, resource)
    return Access(None, policy, resource)


def _allows(policy: Policy, resource: str, keys: Mapping[str, str]) -> bool:
    wanted = ((_OF_URL, _OF_URL_KEYS), (_OF_FUNCTION, _OF_FUNCTION_KEYS))
    return all(
        decide(policy, principal=ANONYMOUS, action=action, resource=resource, keys={**keys, **own})
        is Verdict.ALLOW
        for action, own in wanted
    )
