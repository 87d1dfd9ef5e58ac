"""What policies would allow: SimulateCustomPolicy and SimulatePrincipalPolicy.

Source: IAM user guide, "IAM policy testing with the IAM policy simulator"; the model. Positions of
statements are not answered: nothing that is known of reads them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lambdad.domain.errors import InvalidInput, NotFound
from lambdad.domain.http import Request
from lambdad.domain.iam import GROUPS, ROLES, USERS, Holder, User
from lambdad.domain.policies.combined import Asked, Outcome, Policies, combine
from lambdad.domain.policies.document import IDENTITY_POLICY, RESOURCE_POLICY, InvalidPolicy, read_policy
from lambdad.domain.policies.principals import ANONYMOUS, Principal, account_of, identity, root
from lambdad.domain.policies.request_keys import RequestKeys
from lambdad.domain.policies.statements import Effect, Policy
from lambdad.domain.resource import Kind
from lambdad.identity.directory import Directory
from lambdad.identity.iam.entities import Handler, Params, cut

_MOST = 10_000  # L: actions times resources of one request
_KINDS: Mapping[str, Kind[Any]] = {"user": USERS, "role": ROLES, "group": GROUPS}


@dataclass(frozen=True, slots=True)
class _Named:
    """A policy with what answers call it."""

    name: str
    kind: str
    policy: Policy


@dataclass(frozen=True, slots=True)
class _Trial:
    """All but action and resource of a simulation."""

    identity: Sequence[_Named]
    boundary: Policy | None
    resource: _Named | None
    principal: Principal
    caller: str
    owner: str | None
    keys: Mapping[str, Sequence[str]]

    def outcome(self, action: str, resource: str) -> Outcome:
        asked = Asked(self.principal, self.caller, action, resource, self.keys)
        return combine(
            asked,
            Policies(
                identity=[one.policy for one in self.identity],
                boundary=self.boundary,
                resource=None if self.resource is None else self.resource.policy,
                same_account=self.owner is None or self.owner == self.principal.account,
            ),
        )

    def show(self, action: str, resource: str) -> Mapping[str, Any]:
        found = self.outcome(action, resource)
        decision = "allowed" if found.allowed else "explicitDeny" if found.explicit else "implicitDeny"
        shown: dict[str, Any] = {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": decision,
            "MatchedStatements": list(self._matched(action, resource, denied=found.explicit)),
            "MissingContextValues": self._missing(action),
        }
        if self.boundary is not None:
            bound = combine(
                Asked(self.principal, self.caller, action, resource, self.keys), Policies([self.boundary])
            )
            shown["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": bound.allowed}
        return shown

    def _matched(self, action: str, resource: str, *, denied: bool) -> Iterator[Mapping[str, str]]:
        keys, effect = RequestKeys(self.keys), Effect.DENY if denied else Effect.ALLOW
        for one in self._all():
            for statement in one.policy.statements:
                if statement.effect is effect and statement.applies(self.principal, action, resource, keys):
                    yield {"SourcePolicyId": one.name, "SourcePolicyType": one.kind}

    def _missing(self, action: str) -> list[str]:
        """Keys that statements about the action ask for and the request does not give, in lower case."""
        given = {key.lower() for key in self.keys}
        asked = {
            condition.key
            for one in self._all()
            for statement in one.policy.statements
            if statement.actions.cover(action)
            for condition in statement.conditions
        }
        return sorted(asked - given)

    def _all(self) -> list[_Named]:
        return [*self.identity, *([] if self.resource is None else [self.resource])]


class Simulation:
    """Handlers of both operations."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    @property
    def operations(self) -> Mapping[str, Handler]:
        """By name."""
        return {"SimulateCustomPolicy": self.custom, "SimulatePrincipalPolicy": self.principal}

    async def custom(self, params: Params, request: Request) -> Mapping[str, Any]:
        """What the policies of the request would allow."""
        return await _answer(params, _trial(params, _given(params), None, params.get("CallerArn")))

    async def principal(self, params: Params, request: Request) -> Mapping[str, Any]:
        """What a user, group or role may do, with the policies of the request beside its own."""
        arn = params["PolicySourceArn"]
        account = request.caller.scope.account
        holder = self._holder(account, arn)
        policies = [*self._own(account, holder), *_given(params)]
        bound = None if holder.boundary is None else self._directory.policy(account, holder.boundary)
        boundary = None if bound is None else read_policy(bound.document, IDENTITY_POLICY)
        return await _answer(params, _trial(params, policies, boundary, params.get("CallerArn") or arn))

    def _holder(self, account: str, arn: str) -> Holder:
        kind = _KINDS.get(arn.partition("::")[2].partition(":")[2].partition("/")[0])
        if kind is None:
            raise InvalidInput(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
        found: Holder | None = self._directory.table(kind, account).get(arn.rpartition("/")[2].lower())
        if found is None or found.arn != arn:
            raise NotFound(f"The entity with ARN {arn} cannot be found.")
        return found

    def _own(self, account: str, holder: Holder) -> Iterator[_Named]:
        holders = [holder]
        if isinstance(holder, User):
            groups = self._directory.table(GROUPS, account)
            holders += [groups[name.lower()] for name in holder.groups]
        for one in holders:
            for name, document in one.inline.items():
                yield _Named(name, "IAM Policy", read_policy(document, IDENTITY_POLICY))
            for arn in one.attached:
                policy = self._directory.policy(account, arn)
                if policy is not None:
                    yield _Named(policy.name, "IAM Policy", read_policy(policy.document, IDENTITY_POLICY))


def _given(params: Params) -> list[_Named]:
    return [
        _Named(f"PolicyInputList.{number}", "IAM Policy", _policy(document))
        for number, document in enumerate(params.get("PolicyInputList") or (), 1)
    ]


def _trial(params: Params, policies: Sequence[_Named], boundary: Policy | None, caller: str | None) -> _Trial:
    bounds = params.get("PermissionsBoundaryPolicyInputList")
    if bounds:
        boundary = Policy(tuple(one for text in bounds for one in _policy(text).statements))
    resource = None
    if params.get("ResourcePolicy"):
        if caller is None:
            raise InvalidInput("CallerArn is required when ResourcePolicy is provided.")
        policy = _policy(params["ResourcePolicy"], resource=True)
        resource = _Named("ResourcePolicy", "Resource Policy", policy)
    owner = params.get("ResourceOwner")
    entries = params.get("ContextEntries") or ()
    return _Trial(
        identity=policies,
        boundary=boundary,
        resource=resource,
        principal=_principal(caller),
        caller=caller or "",
        owner=None if owner is None else account_of(owner) or owner,
        keys={one["ContextKeyName"]: one.get("ContextKeyValues") or () for one in entries},
    )


def _policy(text: str, *, resource: bool = False) -> Policy:
    try:
        return read_policy(text, RESOURCE_POLICY if resource else IDENTITY_POLICY)
    except InvalidPolicy as error:
        raise InvalidInput(f"Invalid policy: {error}") from error


def _principal(arn: str | None) -> Principal:
    if arn is None:
        return ANONYMOUS
    account = account_of(arn)
    if account is not None:
        return root(account)
    try:
        return identity(arn)
    except ValueError:
        raise InvalidInput(f"Invalid Entity Arn: {arn}") from None


async def _answer(params: Params, trial: _Trial) -> Mapping[str, Any]:
    """A page of results; only these are evaluated, off the loop: documents and lists are the caller's."""
    actions, resources = params["ActionNames"], params.get("ResourceArns") or ("*",)
    if len(actions) * len(resources) > _MOST:
        raise InvalidInput(f"Actions times resources must be {_MOST} or less.")
    pairs = [(action, resource) for action in actions for resource in resources]
    return await asyncio.to_thread(
        cut, params, "EvaluationResults", pairs, "\n".join, lambda pair: trial.show(*pair)
    )
