"""Stands in front of Lambda's operations: who may do what, with whose functions, and with which roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lambdad.domain.arn import FunctionReference, service_of
from lambdad.domain.errors import InvalidParameter
from lambdad.domain.http import Request
from lambdad.domain.identity import Who
from lambdad.domain.scope import Scope
from lambdad.identity.authorization import facts
from lambdad.identity.authorization.authority import Asking, Authority, guard_of
from lambdad.identity.authorization.guards import Guard, Guards
from lambdad.identity.authorization.lambda_facts import LambdaFacts
from lambdad.identity.authorization.lambda_needs import needs_of
from lambdad.identity.authorization.named_functions import function_named
from lambdad.identity.authorization.needs import Need, account_of
from lambdad.identity.authorization.roles import RoleRules
from lambdad.identity.authorization.sending import Sending

Params = dict[str, Any]
_PASSING = "iam:PassRole"
_WITH_DEAD_LETTERS = frozenset({"CreateFunction", "UpdateFunctionConfiguration"})
_MAY_NOT_SEND = {
    "sns": "The provided execution role does not have permissions to call Publish on SNS",
    "sqs": "The provided execution role does not have permissions to call SendMessage on SQS",
}
"""Source: users' reports of Lambda's answers (elastic/beats issue 13963)."""
_OF_LAYER = ":layer:"


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that may go on.

    Attributes:
        request: in the scope of the function it is about, which may be another account's.
        is_steady: whether the same call by the same caller always may, until `LambdaGate.epoch` moves.
    """

    request: Request
    is_steady: bool


class LambdaGate:
    """Decides on requests to Lambda.

    Args:
        authority: decides by what binds the caller.
        guards: what functions say.
        lambda_facts: condition keys of what is stored.
        roles: what may be a function's role.
        sending: what roles may send to dead-letter queues.
    """

    def __init__(
        self,
        authority: Authority,
        guards: Guards,
        lambda_facts: LambdaFacts,
        roles: RoleRules,
        sending: Sending,
    ) -> None:
        self._authority = authority
        self._guards = guards
        self._facts = lambda_facts
        self._roles = roles
        self._sending = sending

    @property
    def epoch(self) -> int:
        """Moves whenever somebody may have been given or refused something."""
        return self._authority.epoch + self._guards.epoch

    async def __call__(self, operation: str, params: Params, request: Request) -> Request:
        """Let an operation through; the request as its handler is to see it.

        Raises:
            AccessDenied, CredentialsRefused: see `Authority.admit`.
            InvalidParameter: Lambda cannot assume the role that the function is to have, or that may not
                send to the dead-letter queue.
        """
        return (await self.admit(operation, params, request)).request

    async def admit(self, operation: str, params: Params, request: Request) -> Admitted:
        """As above, with how long it holds."""
        scope = request.caller.scope
        needs = needs_of(operation, params, scope, self._facts)
        owner = _owner(needs[0])
        is_foreign = owner is not None and owner[0].account != scope.account
        who = self._authority.asks(request.caller)
        steady = True
        if who is not None:
            asked = [Asking(need, await self._guard(need)) for need in needs]
            if needs[-1].action == _PASSING and not (who.is_root and not self._authority.enforce):
                self._roles.check_account(needs[-1].resource, (owner or (scope, None))[0].account)
            steady = await self._authority.admit(request, asked)
        elif is_foreign and not await self._lets_in(_root(scope.account), request, needs[0]):
            return Admitted(request, True)  # the operation refuses it, in its own words
        if needs[-1].action == _PASSING:
            self._roles.check(needs[-1].resource, needs[0].resource)
        await self._check_dead_letters(operation, params, owner)
        if owner is not None and is_foreign:
            theirs = Scope(owner[0].account, scope.region)
            request = replace(request, caller=replace(request.caller, scope=theirs))
        return Admitted(request, steady)

    async def _check_dead_letters(
        self, operation: str, params: Params, owner: tuple[Scope, FunctionReference] | None
    ) -> None:
        target = (params.get("DeadLetterConfig") or {}).get("TargetArn")
        if not target or owner is None or operation not in _WITH_DEAD_LETTERS:
            return
        scope, function = owner[0], owner[1].name
        role = params.get("Role") or await self._facts.role_of(scope, function)
        if role is not None and self._sending.refusal(role, function, target) is not None:
            raise InvalidParameter(_MAY_NOT_SEND.get(service_of(target), _MAY_NOT_SEND["sqs"]))

    async def _guard(self, need: Need) -> Guard:
        owner = _owner(need)
        if owner is not None:
            return await self._guards.read(*owner)
        if _OF_LAYER in need.resource:  # its policy is read by the operation itself
            return Guard(account_of(need.resource), elsewhere=True)
        return Guard() if need.action == _PASSING else guard_of(need)

    async def _lets_in(self, who: Who, request: Request, need: Need) -> bool:
        outcome = await self._authority.outcome(who, request, Asking(need, await self._guard(need)))
        return outcome.allowed

    async def admit_needs(self, request: Request, needs: Sequence[Need]) -> bool:
        """Whether a request about a function has what it needs; False for an account that has nothing to
        say here.

        Raises:
            AccessDenied, CredentialsRefused: see `Authority.admit`.
        """
        account = request.caller.scope.account
        if self._authority.asks(request.caller) is None:
            if all(account_of(need.resource) == account for need in needs):
                return True
            return all([await self._lets_in(_root(account), request, need) for need in needs])
        await self._authority.admit(request, [Asking(need, await self._guard(need)) for need in needs])
        return True

    async def may_service(
        self,
        name: str,
        scope: Scope,
        function: str,
        *,
        source_arn: str | None = None,
        source_account: str | None = None,
        qualifier: str | None = None,
        token: str | None = None,
    ) -> bool:
        """Whether an AWS service may invoke a function for a resource of its own.

        Args:
            name: ``s3.amazonaws.com``.
            scope: of the service's resource.
            function: name or ARN.
            source_arn: of the bucket, the topic, the rule …
            source_account: whose that is.
            qualifier: of the function, if its name has none.
            token: of a skill, as `lambda:EventSourceToken`.
        """
        owner, reference = function_named(function, scope, qualifier)
        guard = await self._guards.read(owner, reference)
        keys: Mapping[str, tuple[str, ...]] = facts.of_service(name, source_arn, source_account)
        if token is not None:
            keys = {**keys, "lambda:eventsourcetoken": (token,)}
        return self._authority.lets_service(name, reference.arn(owner), guard, keys)


def owner_of(resource: str) -> tuple[Scope, FunctionReference] | None:
    """Whose function an ARN is, and which; None when it is none."""
    parts = resource.split(":", 7)
    if len(parts) < 7 or parts[2] != "lambda" or parts[5] != "function":
        return None
    _, _, _, region, account, _, name, qualifier = (*parts, "")[:8]
    return Scope(account, region), FunctionReference(name, qualifier.partition("/")[0] or None)


def _owner(need: Need) -> tuple[Scope, FunctionReference] | None:
    return None if need.action == _PASSING else owner_of(need.resource)


def _root(account: str) -> Who:
    return Who(account, f"arn:aws:iam::{account}:root", account)
