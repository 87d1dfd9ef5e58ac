"""Policies of functions, statement by statement: AddPermission, GetPolicy, RemovePermission.

A policy shares its revision id with the function, version or alias it hangs on, so adding or removing a
statement revises that.

Source: public recordings of LocalStack's suite against AWS (tests/aws/services/lambda_,
test_lambda_api.snapshot.json), TestLambdaPermissions and TestLambdaRevisions
test_function_revisions_permissions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambdad.control.context import ControlContext, Operations, Params, named
from lambdad.control.policy_actions import check_action
from lambdad.control.policy_documents import (
    check_policy,
    check_policy_revision,
    check_size,
    compact,
    with_statement,
    without_statement,
)
from lambdad.control.policy_owners import check_not_latest, place_of, qualified_revision, revision_of
from lambdad.control.policy_statements import permission
from lambdad.domain.errors import NotFound
from lambdad.domain.http import Request
from lambdad.domain.policies.attached import FUNCTION_POLICIES, AttachedPolicy

_TELLS = "GetPolicy"
"""What a wrong RevisionId is told to call, as the model says and spec api §4; until 2024 it was
"GetFunction/GetAlias" (the recordings of test_function_revisions_permissions)."""


class FunctionPolicies:
    """Handlers for the statements of functions' policies."""

    def __init__(self, context: ControlContext) -> None:
        self._context = context
        self._resources = context.catalogue.resources

    @property
    def operations(self) -> Operations:
        """Handlers by operation."""
        return {
            "AddPermission": self.add_permission,
            "GetPolicy": self.get_policy,
            "RemovePermission": self.remove_permission,
        }

    async def add_permission(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Add a statement; of two racing calls with one RevisionId exactly one succeeds."""
        context, scope = self._context, request.caller.scope
        reference = named(params, request)
        check_not_latest(reference)
        await revision_of(context, scope, reference)
        check_action(params["Action"])
        statement = permission(params, reference.arn(scope), scope.partition)
        check_policy(with_statement(None, statement), block_public=context.block_public_policies)

        def decide(there: AttachedPolicy | None, revision_id: str) -> AttachedPolicy:
            check_policy_revision(params.get("RevisionId"), revision_id, call=_TELLS)
            document = with_statement(None if there is None else there.document, statement)
            check_size(document)
            return AttachedPolicy(document)

        place = place_of(scope, reference)
        await self._resources.change_revised(FUNCTION_POLICIES, place, decide, context.new_id())
        return {"Statement": compact(statement)}

    async def get_policy(self, params: Params, request: Request) -> Mapping[str, Any]:
        """The whole policy and its revision id.

        Source: get_policy_fn_version_doesnotexist, get_policy_exception_removed_all.
        """
        context, scope = self._context, request.caller.scope
        reference = named(params, request)
        latest = await context.read_latest(scope, reference.name)
        missing = NotFound("The resource you requested does not exist.")
        # First the revision id: with an older one than its document, a policy is not written over unseen.
        try:
            revision_id = await qualified_revision(context, reference, latest)
        except NotFound as error:
            raise missing from error
        policy = await self._resources.read(FUNCTION_POLICIES, place_of(scope, reference))
        if policy is None:
            raise missing
        return {"Policy": policy.document, "RevisionId": revision_id}

    async def remove_permission(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Remove a statement, and the policy with its last.

        Source: remove_permission_fn_doesnotexist, …_fn_alias_doesnotexist, …_policy_doesnotexist.
        """
        context, scope = self._context, request.caller.scope
        reference = named(params, request)
        latest = await context.catalogue.read(scope, reference.name)
        if latest is None:
            raise NotFound(f"No policy found for: {reference.arn(scope)}")
        await qualified_revision(context, reference, latest)

        def decide(there: AttachedPolicy | None, revision_id: str) -> AttachedPolicy | None:
            left = without_statement(None if there is None else there.document, params["StatementId"])
            check_policy_revision(params.get("RevisionId"), revision_id, call=_TELLS)
            return None if left is None else AttachedPolicy(left)

        place = place_of(scope, reference)
        await self._resources.change_revised(FUNCTION_POLICIES, place, decide, context.new_id())
        return {}
