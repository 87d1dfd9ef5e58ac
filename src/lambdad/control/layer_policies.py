"""Policies of layer versions: AddLayerVersionPermission, GetLayerVersionPolicy, RemoveLayerVersionPermission.

Source: public recordings of LocalStack's suite against AWS (tests/aws/services/lambda_,
test_lambda_api.snapshot.json), TestLambdaLayer test_layer_policy_lifecycle and test_layer_policy_exceptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambdad.control.context import ControlContext, Operations, Params
from lambdad.control.layer_access import check_number, own, place_of_policy
from lambdad.control.policy_documents import (
    check_policy_revision,
    check_size,
    compact,
    with_statement,
    without_statement,
)
from lambdad.control.policy_statements import layer_permission
from lambdad.domain.errors import NotFound
from lambdad.domain.http import Request
from lambdad.domain.layer import LayerReference, parse_layer
from lambdad.domain.policies.attached import LAYER_POLICIES, LayerPolicy

_TELLS = "GetLayerPolicy"  # so says AWS, though the operation is GetLayerVersionPolicy


class LayerPolicies:
    """Handlers for the policies of layer versions."""

    def __init__(self, context: ControlContext) -> None:
        self._context = context
        self._resources = context.catalogue.resources

    @property
    def operations(self) -> Operations:
        """Handlers by operation."""
        return {
            "AddLayerVersionPermission": self.add_layer_version_permission,
            "GetLayerVersionPolicy": self.get_layer_version_policy,
            "RemoveLayerVersionPermission": self.remove_layer_version_permission,
        }

    async def add_layer_version_permission(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Add a statement; of two racing calls with one RevisionId exactly one succeeds."""
        context, scope = self._context, request.caller.scope
        layer = await self._named(params, request, "lambda:AddLayerVersionPermission")
        statement = layer_permission(params, layer.arn, scope.partition)
        new_id = context.new_id()

        def decide(there: LayerPolicy | None) -> LayerPolicy:
            _check_revision(params, there)
            document = with_statement(None if there is None else there.document, statement)
            check_size(document)
            return LayerPolicy(document, new_id)

        place = place_of_policy(layer)
        await self._resources.change(LAYER_POLICIES, place, decide)
        try:
            await self._check_exists(layer)
        except NotFound:  # deleted meanwhile, with the policy it had then
            await self._resources.change(LAYER_POLICIES, place, lambda _: None)
            raise
        return {"Statement": compact(statement), "RevisionId": new_id}

    async def get_layer_version_policy(self, params: Params, request: Request) -> Mapping[str, Any]:
        """The whole policy and its revision id."""
        layer = await self._named(params, request, "lambda:GetLayerVersionPolicy")
        policy = await self._resources.read(LAYER_POLICIES, place_of_policy(layer))
        if policy is None:
            raise NotFound("No policy is associated with the given resource.")
        return {"Policy": policy.document, "RevisionId": policy.revision_id}

    async def remove_layer_version_permission(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Remove a statement, and the policy with its last."""
        context = self._context
        layer = await self._named(params, request, "lambda:RemoveLayerVersionPermission")
        new_id = context.new_id()

        def decide(there: LayerPolicy | None) -> LayerPolicy | None:
            left = without_statement(None if there is None else there.document, params["StatementId"])
            _check_revision(params, there)
            return None if left is None else LayerPolicy(left, new_id)

        await self._resources.change(LAYER_POLICIES, place_of_policy(layer), decide)
        return {}

    async def _named(self, params: Params, request: Request, action: str) -> LayerReference:
        reference = parse_layer(params["LayerName"], request.caller.scope)
        check_number(params["VersionNumber"])
        layer = LayerReference(reference.scope, reference.name, params["VersionNumber"])
        own(layer, request, action)
        await self._check_exists(layer)
        return layer

    async def _check_exists(self, layer: LayerReference) -> None:
        if await self._context.catalogue.layers.read(layer.scope, layer.name, layer.number or 0) is None:
            raise NotFound(f"Layer version {layer.arn} does not exist.")


def _check_revision(params: Params, there: LayerPolicy | None) -> None:
    current = None if there is None else there.revision_id
    check_policy_revision(params.get("RevisionId"), current, call=_TELLS)
