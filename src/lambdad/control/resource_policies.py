"""Policies of functions as whole documents: PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy.

The document is the one that AddPermission adds to. A text that was put is kept and answered as it came.

Source: service model of 2026-07-09, documentation of PutResourcePolicy: the new policy overwrites what was
added with AddPermission; AWS's page "Working with resource-based policies in Lambda": the resource of a
statement is the function, version or alias, or all of a function's versions and aliases by a wildcard. What
it answers to an invalid document is not recorded; the words are lambdad's own.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from lambdad.control.context import ControlContext, Operations, Params
from lambdad.control.policy_actions import check_actions
from lambdad.control.policy_documents import check_policy, check_policy_revision, check_size
from lambdad.control.policy_owners import check_not_latest, place_of, revision_of
from lambdad.control.policy_statements import check_principals
from lambdad.domain.arn import FunctionReference, parse_function
from lambdad.domain.errors import InvalidParameter, NotFound, NotOffered
from lambdad.domain.http import Request
from lambdad.domain.limits import MAX_FUNCTION_REFERENCE
from lambdad.domain.policies.attached import FUNCTION_POLICIES, AttachedPolicy
from lambdad.domain.policies.request_keys import RequestKeys
from lambdad.domain.policies.statements import Policy

_RUNTIME = re.compile(r"arn:[^:]*:lambda:[^:]+:\d{12}:runtime/.*")
_TELLS = "GetResourcePolicy"
_NOTHING = RequestKeys({})
_ANY_QUALIFIER = "x"  # stands for whatever version or alias a function may have


class ResourcePolicies:
    """Handlers for functions' policies as whole documents."""

    def __init__(self, context: ControlContext) -> None:
        self._context = context
        self._resources = context.catalogue.resources

    @property
    def operations(self) -> Operations:
        """Handlers by operation."""
        return {
            "PutResourcePolicy": self.put_resource_policy,
            "GetResourcePolicy": self.get_resource_policy,
            "DeleteResourcePolicy": self.delete_resource_policy,
        }

    async def put_resource_policy(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Replace the policy; of two racing calls with one RevisionId exactly one succeeds."""
        context, scope = self._context, request.caller.scope
        reference = _named(params, request)
        check_not_latest(reference)
        await revision_of(context, scope, reference)
        document, public = params["Policy"], context.block_public_policies
        # In a thread: reading the largest document takes milliseconds, which others would wait for.
        await asyncio.to_thread(_check, document, reference, reference.arn(scope), block_public=public)
        new_id = context.new_id()

        def decide(_: AttachedPolicy | None, revision_id: str) -> AttachedPolicy:
            check_policy_revision(params.get("RevisionId"), revision_id, call=_TELLS)
            return AttachedPolicy(document)

        await self._resources.change_revised(FUNCTION_POLICIES, place_of(scope, reference), decide, new_id)
        return {"Policy": document, "RevisionId": new_id}

    async def get_resource_policy(self, params: Params, request: Request) -> Mapping[str, Any]:
        """The policy and its revision id."""
        context, scope = self._context, request.caller.scope
        reference = _named(params, request)
        # First the revision id: with an older one than its document, a policy is not written over unseen.
        revision_id = await revision_of(context, scope, reference)
        policy = await self._resources.read(FUNCTION_POLICIES, place_of(scope, reference))
        if policy is None:
            raise NotFound("The resource you requested does not exist.")
        return {"Policy": policy.document, "RevisionId": revision_id}

    async def delete_resource_policy(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Remove the policy with all its statements."""
        context, scope = self._context, request.caller.scope
        reference = _named(params, request)
        await revision_of(context, scope, reference)

        def decide(there: AttachedPolicy | None, revision_id: str) -> None:
            if there is None:
                raise NotFound("No policy is associated with the given resource.")
            check_policy_revision(params.get("RevisionId"), revision_id, call=_TELLS)

        place = place_of(scope, reference)
        await self._resources.change_revised(FUNCTION_POLICIES, place, decide, context.new_id())
        return {}


def _named(params: Params, request: Request) -> FunctionReference:
    """The function, version or alias of a `ResourceArn`, which the model's pattern allows.

    Raises:
        NotOffered: a runtime.
        NotFound, AccessDenied: see `domain.arn.parse_function`; an ARN longer than any function's.
    """
    arn: str = params["ResourceArn"]
    if _RUNTIME.fullmatch(arn):
        raise NotOffered("Policies of customer-managed runtimes are not offered by lambdad.")
    if len(arn) > MAX_FUNCTION_REFERENCE:
        raise NotFound(f"Function not found: {arn}")
    return parse_function(arn, request.caller.scope)


def _check(document: str, reference: FunctionReference, arn: str, *, block_public: bool) -> None:
    check_size(document)
    policy = check_policy(document, block_public=block_public)
    check_actions(policy)
    check_principals(document)
    _check_resources(policy, arn, is_whole=reference.qualifier is None)


def _check_resources(policy: Policy, arn: str, *, is_whole: bool) -> None:
    """Refuse a statement that is about something else than what the policy hangs on."""
    own = [arn, f"{arn}:{_ANY_QUALIFIER}"] if is_whole else [arn]
    for statement in policy.statements:
        for pattern in statement.resources.arns if statement.resources else ():
            if not any(pattern.matches(each, _NOTHING) for each in own) and not (
                is_whole and pattern.text.startswith(f"{arn}:")
            ):
                raise InvalidParameter(
                    f"The provided policy is invalid: the resource {pattern.text} is not {arn}."
                )
