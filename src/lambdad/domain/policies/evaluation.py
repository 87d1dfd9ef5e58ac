"""Whether a policy lets a principal do something.

One policy is decided at a time; what several of them mean together (identity, resource, boundary, session) is
for who asks. `NO_MATCH` is no permission.

Source: IAM user guide, "Policy evaluation logic": an explicit deny overrides any allow.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lambdad.domain.policies.principals import Principal
from lambdad.domain.policies.request_keys import Given, RequestKeys
from lambdad.domain.policies.statements import Effect, Policy, Statement


class Verdict(StrEnum):
    """What one policy says about a request."""

    ALLOW = "allow"
    EXPLICIT_DENY = "explicit deny"
    NO_MATCH = "no match"


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict and what it comes from.

    Attributes:
        statement: that decided; None for `NO_MATCH`.
        delegated: allowed to the principal's account as a whole only, so that the account's own policies must
            allow it too.
    """

    verdict: Verdict
    statement: Statement | None = None
    delegated: bool = False


def decide(policy: Policy, *, principal: Principal, action: str, resource: str, keys: Given) -> Verdict:
    """Whether a policy allows a request.

    Args:
        policy: as `document.read_policy` read it.
        principal: who asks.
        action: for example ``lambda:InvokeFunction``; in any case.
        resource: an ARN, or ``*`` for actions that are about no resource.
        keys: condition keys of the request, names in any case.
    """
    return explain(policy, principal=principal, action=action, resource=resource, keys=keys).verdict


def explain(policy: Policy, *, principal: Principal, action: str, resource: str, keys: Given) -> Decision:
    """As `decide`, with the statement that decided."""
    known = RequestKeys(keys)
    about = [each for each in policy.statements if each.applies(principal, action, resource, known)]
    denying = next((each for each in about if each.effect is Effect.DENY), None)
    if denying is not None:
        return Decision(Verdict.EXPLICIT_DENY, denying)
    direct = next((each for each in about if not _is_delegated(each, principal)), None)
    if direct is not None:
        return Decision(Verdict.ALLOW, direct)
    if about:
        return Decision(Verdict.ALLOW, about[0], delegated=True)
    return Decision(Verdict.NO_MATCH)


def _is_delegated(statement: Statement, principal: Principal) -> bool:
    audience = statement.audience
    return (
        audience is not None and not audience.inverted and not audience.principals.means_directly(principal)
    )
