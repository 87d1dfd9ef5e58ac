"""What several policies mean together: of an identity, its boundary, its session, and of the resource.

Pure. Each policy is decided by `evaluation`; here is only how the verdicts add up.

Source: IAM user guide, "Policy evaluation logic", "Permissions boundaries for IAM entities" and "Session
policies": a deny anywhere wins; within an account an allow of the identity's or of the resource's policies
will do, across accounts both are needed; boundary and session allow nothing by themselves, they narrow,
unless a resource's policy of the same account names the user or the session itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lambdad.domain.policies.evaluation import Decision, Verdict, explain
from lambdad.domain.policies.principals import AWS, Principal
from lambdad.domain.policies.request_keys import Given, RequestKeys
from lambdad.domain.policies.statements import Effect, Policy, Statement


class Source(StrEnum):
    """Kinds of policies, as AWS calls them in denials."""

    IDENTITY = "identity-based policy"
    RESOURCE = "resource-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to be decided.

    Attributes:
        principal: who asks, as resource policies name them.
        arn: of the user or the session itself; empty for services and for who is anonymous.
        action, resource, keys: as in `evaluation.decide`.
    """

    principal: Principal
    arn: str
    action: str
    resource: str
    keys: Given


@dataclass(frozen=True, slots=True)
class Policies:
    """All that has a say.

    Attributes:
        identity: of the user or role; None for who needs none: a root, a service, who is anonymous.
        boundary: None for none.
        session: None when the session was not narrowed.
        resource: of the resource; None when it has none.
        same_account: whether principal and resource are of one account.
        resource_must_allow: the resource's policy has to allow it in any case, as the trust policy of a role.
    """

    identity: Sequence[Policy] | None = ()
    boundary: Policy | None = None
    session: Sequence[Policy] | None = None
    resource: Policy | None = None
    same_account: bool = True
    resource_must_allow: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The decision, and where it comes from.

    Attributes:
        source: of the statement that decided, or the kind of policy that an allow was missing in. None for
            who is bound by no policy.
        explicit: a statement denies it; False for an allow, and when nothing allows it.
        statement: that decided; None when nothing allows it.
        index: of the policy with that statement among those of its kind.
    """

    allowed: bool
    source: Source | None
    explicit: bool = False
    statement: Statement | None = None
    index: int = 0


def combine(asked: Asked, policies: Policies) -> Outcome:
    """Whether the request is allowed."""
    identity = _strongest(asked, policies.identity or ())
    resource = _strongest(asked, () if policies.resource is None else (policies.resource,))
    boundary = _strongest(asked, () if policies.boundary is None else (policies.boundary,))
    session = _strongest(asked, policies.session or ())
    found = (
        (Source.IDENTITY, identity),
        (Source.RESOURCE, resource),
        (Source.BOUNDARY, boundary),
        (Source.SESSION, session),
    )
    for source, (decision, index) in found:
        if decision.verdict is Verdict.EXPLICIT_DENY:
            return Outcome(False, source, True, decision.statement, index)
    return _allowed(asked, policies, dict(found))


_Found = tuple[Decision, int]
_NOTHING: _Found = (Decision(Verdict.NO_MATCH), 0)


def _allowed(asked: Asked, policies: Policies, found: dict[Source, _Found]) -> Outcome:
    resource, index = found[Source.RESOURCE]
    by_resource = resource.verdict is Verdict.ALLOW
    needs_resource = policies.resource_must_allow or not policies.same_account
    if needs_resource and not by_resource:
        return Outcome(False, Source.RESOURCE)
    direct = by_resource and not resource.delegated and policies.same_account
    allowing = Outcome(True, Source.RESOURCE, statement=resource.statement, index=index)
    naming = _naming(asked, policies.resource) if direct else None
    if naming is not None:
        return Outcome(True, Source.RESOURCE, statement=naming)
    if not direct:
        allowing = _by_identity(policies, found[Source.IDENTITY])
        if not allowing.allowed:
            return allowing
    for source, narrows in (
        (Source.BOUNDARY, policies.boundary is not None),
        (Source.SESSION, policies.session is not None),
    ):
        if narrows and found[source][0].verdict is not Verdict.ALLOW:
            return Outcome(False, source)
    return allowing


def _by_identity(policies: Policies, found: _Found) -> Outcome:
    if policies.identity is None:
        return Outcome(True, None)
    decision, index = found
    allowed = decision.verdict is Verdict.ALLOW
    return Outcome(allowed, Source.IDENTITY, statement=decision.statement, index=index)


def _naming(asked: Asked, policy: Policy | None) -> Statement | None:
    """The first statement that allows it to the user or the session itself, and not to its role."""
    if policy is None or not asked.arn:
        return None
    keys = RequestKeys(asked.keys)
    for statement in policy.statements:
        audience = statement.audience
        if (
            statement.effect is Effect.ALLOW
            and audience is not None
            and not audience.inverted
            and (AWS, asked.arn) in audience.principals.names
            and statement.applies(asked.principal, asked.action, asked.resource, keys)
        ):
            return statement
    return None


def _strongest(asked: Asked, policies: Sequence[Policy]) -> _Found:
    """A deny, else an allow that is not delegated, else any allow."""
    best = _NOTHING
    for index, decision in enumerate(_decisions(asked, policies)):
        if _rank(decision) > _rank(best[0]):
            best = (decision, index)
    return best


def _decisions(asked: Asked, policies: Sequence[Policy]) -> Iterator[Decision]:
    for policy in policies:
        yield explain(
            policy, principal=asked.principal, action=asked.action, resource=asked.resource, keys=asked.keys
        )


def _rank(decision: Decision) -> int:
    if decision.verdict is Verdict.EXPLICIT_DENY:
        return 3
    if decision.verdict is Verdict.NO_MATCH:
        return 0
    return 1 if decision.delegated else 2
