"""Why a request is allowed or refused, as people want to know it: the statement, and those nearly fitting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.identity import Grants, Who
from lambdad.domain.policies.combined import Outcome, Source
from lambdad.domain.policies.conditions import Condition, Presence
from lambdad.domain.policies.request_keys import RequestKeys
from lambdad.domain.policies.statements import Effect, Policy, Statement
from lambdad.identity.authorization.authority import Authority
from lambdad.identity.authorization.decisions import Standing
from lambdad.identity.authorization.guards import Guard, Guards
from lambdad.identity.authorization.lambda_gate import owner_of
from lambdad.identity.authorization.needs import account_of
from lambdad.identity.authorization.recent import Denial
from lambdad.ports.principals import Principals

Keys = Mapping[str, Sequence[str]]
_MOST_NEAR = 5


class Explainer:
    """Explains decisions.

    Args:
        authority: decides, and remembers what it refused.
        guards: what functions say.
        principals: finds users and roles.
    """

    def __init__(self, authority: Authority, guards: Guards, principals: Principals) -> None:
        self._authority = authority
        self._guards = guards
        self._principals = principals

    def denials(self) -> list[Mapping[str, Any]]:
        """The last requests that were refused, newest first."""
        return [_denial(each) for each in self._authority.recent.all()]

    async def explain(self, principal: str, action: str, resource: str, keys: Keys) -> Mapping[str, Any]:
        """What becomes of a request.

        Args:
            principal: ARN of a user, a role, a session or a root; or a service's name.
            action: ``lambda:InvokeFunction``.
            resource: an ARN, or ``*``.
            keys: condition keys, names in lower case.

        Raises:
            InvalidParameter: nobody has this ARN.
        """
        guard = await self._guard(resource)
        if not principal.startswith("arn:"):
            allowed = self._authority.lets_service(principal, resource, guard, keys, action)
            said = "allows" if allowed else "does not allow"
            because = f"The resource's policy {said} it; a service needs nothing else."
            return {"allowed": allowed, "because": because, "statement": None, "near": [], "missing_keys": []}
        standing = self._authority.standing(self._who(principal))
        outcome = standing.decide(action, resource, guard, lambda key: keys.get(key, ()))
        whole = {**standing.fixed, **keys}
        wanted = standing.wanted(guard)
        return {
            "allowed": outcome.allowed,
            "because": _because(outcome, standing, guard),
            "statement": None if outcome.statement is None else _shown(outcome.statement),
            "near": list(_near(standing.grants, guard, action, resource, whole))[:_MOST_NEAR],
            "missing_keys": [key for key in wanted if key not in keys],
        }

    def _who(self, arn: str) -> Who:
        found = self._principals.who(arn)
        if found is not None:
            return found
        account = account_of(arn)
        if account is not None and arn.endswith(":root"):
            return Who(account, arn, account)
        raise InvalidParameter(
            f"Nobody known here is {arn}. Where the server is permissive, an unknown key or role acts as its "
            "account's root, and may do everything."
        )

    async def _guard(self, resource: str) -> Guard:
        owner = owner_of(resource)
        return Guard(account_of(resource)) if owner is None else await self._guards.read(*owner)


def _denial(denial: Denial) -> Mapping[str, Any]:
    outcome = denial.outcome
    return {
        "at_s": denial.at_s,
        "principal": denial.principal,
        "action": denial.action,
        "resource": denial.resource,
        "request_id": denial.request_id,
        "keys": {key: list(values) for key, values in denial.keys.items()},
        "because": _sentence(outcome, None),
        "statement": None if outcome.statement is None else _shown(outcome.statement),
    }


def _because(outcome: Outcome, standing: Standing, guard: Guard) -> str:
    return _sentence(outcome, _policy(outcome, standing.grants, guard))


def _policy(outcome: Outcome, grants: Grants | None, guard: Guard) -> Policy | None:
    """The policy that decided, among those of its kind."""
    kinds: Mapping[Source, Sequence[Policy | None]] = {
        Source.IDENTITY: () if grants is None else grants.identity,
        Source.BOUNDARY: () if grants is None else (grants.boundary,),
        Source.SESSION: () if grants is None else grants.session or (),
        Source.RESOURCE: (guard.policy,),
    }
    listed = () if outcome.source is None else kinds[outcome.source]
    return listed[outcome.index] if outcome.statement is not None and outcome.index < len(listed) else None


def _sentence(outcome: Outcome, policy: Policy | None) -> str:
    source = outcome.source
    if source is None:
        return "Allowed: nothing binds an account's root in its own account."
    if outcome.statement is None:
        return f"Refused: no {source.value} allows it."
    name = "" if policy is None or policy.name is None else f" {policy.name}"
    sid = "a statement" if outcome.statement.sid is None else f"the statement {outcome.statement.sid}"
    said = "Allowed" if outcome.allowed else "Refused"
    return f"{said} by {sid} of the {source.value}{name}."


def _shown(statement: Statement) -> Mapping[str, Any]:
    """A statement as its document has it, but for the case of actions."""
    actions = "NotAction" if statement.actions.inverted else "Action"
    shown: dict[str, Any] = {
        "Sid": statement.sid,
        "Effect": statement.effect.value,
        actions: [str(glob) for glob in statement.actions.globs],
    }
    resources = statement.resources
    if resources is not None:
        shown["NotResource" if resources.inverted else "Resource"] = [arn.text for arn in resources.arns]
    if statement.conditions:
        shown["Condition"] = [_condition(each) for each in statement.conditions]
    return {name: value for name, value in shown.items() if value is not None}


def _condition(condition: Condition) -> str:
    if isinstance(condition, Presence):
        return f"Null {condition.key}"
    quantifier = "" if condition.quantifier is None else f"{condition.quantifier}:"
    name = f"{quantifier}{condition.operator.name}{'IfExists' if condition.if_exists else ''}"
    return f"{name} {condition.key} {', '.join(wanted.text for wanted in condition.wanted)}"


def _near(grants: Grants | None, guard: Guard, action: str, resource: str, keys: Keys) -> Iterator[str]:
    """Statements that would allow the action if it were on something else, or under other conditions."""
    known = RequestKeys(keys)
    policies = (
        *(() if grants is None else grants.identity),
        *(() if guard.policy is None else (guard.policy,)),
    )
    for policy in policies:
        for statement in policy.statements:
            if statement.effect is not Effect.ALLOW or not statement.actions.cover(action):
                continue
            resources = statement.resources
            where = f"{statement.sid or 'A statement'} of {policy.name or 'a policy'}"
            if resources is not None and not resources.cover(resource, known):
                said = "everything but " if resources.inverted else ""
                yield f"{where} is about {said}{', '.join(arn.text for arn in resources.arns)}."
                continue
            for condition in statement.conditions:
                if not condition.holds(known):
                    given = ", ".join(known.values(condition.key)) or "nothing"
                    yield f"{where} asks for {_condition(condition)}; the request has {given}."
