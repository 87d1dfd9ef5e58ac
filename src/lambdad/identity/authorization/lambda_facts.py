"""Condition keys of Lambda's requests that stand in what is stored: looked up when a policy mentions them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from lambdad.domain.code_signing import CODE_SIGNING_CONFIGS
from lambdad.domain.event_source_mapping import MAPPINGS, place_of
from lambdad.domain.function import LATEST, FunctionVersion
from lambdad.domain.function_url import FUNCTION_URLS
from lambdad.domain.network import Network
from lambdad.domain.policies.attached import FUNCTION_POLICIES
from lambdad.domain.resource import ACCOUNT, Place
from lambdad.domain.scope import Scope
from lambdad.identity.authorization.named_functions import function_named
from lambdad.identity.authorization.needs import Later, Values
from lambdad.ports.resource_store import ResourceStore

_TAG = "aws:resourcetag/"


class Catalogue(Protocol):
    """What is needed of `ports.catalogue_store.CatalogueStore`."""

    @property
    def resources(self) -> ResourceStore:
        """Resources beside functions."""
        ...

    async def read(self, scope: Scope, name: str, version: str) -> FunctionVersion | None:
        """A version; None when there is none."""
        ...

    async def read_tags(self, scope: Scope, name: str) -> dict[str, str]:
        """The function's tags; empty when there is no such function."""
        ...


class LambdaFacts:
    """Looks condition keys up.

    Args:
        catalogue: where functions and their resources are.
        network: the subnets there are.
    """

    def __init__(self, catalogue: Catalogue, network: Network) -> None:
        self._catalogue = catalogue
        self._resources = catalogue.resources
        self._network = network

    def of(self, operation: str, params: Mapping[str, Any], scope: Scope) -> Later:
        """What looks up keys of one request."""

        async def later(key: str) -> Values:
            if key.startswith(_TAG):
                return await self._tag(key.removeprefix(_TAG), params, scope)
            if key == "lambda:vpcids":
                return self._vpcs(params)
            if key == "lambda:functionarn" and "UUID" in params:
                mapping = await self._resources.read(MAPPINGS, place_of(scope, params["UUID"]))
                return () if mapping is None else (mapping.function_arn,)
            if key == "lambda:functionurlauthtype" and operation.endswith("FunctionUrlConfig"):
                return await self._auth_type(params, scope)
            if operation == "RemovePermission":
                return await self._of_statement(key, params, scope)
            return ()

        return later

    async def role_of(self, scope: Scope, function: str) -> str | None:
        """The role that a function has now; None when there is no such function."""
        version = await self._catalogue.read(scope, function, LATEST)
        return None if version is None else version.role

    def _vpcs(self, params: Mapping[str, Any]) -> Values:
        wanted = (params.get("VpcConfig") or {}).get("SubnetIds") or ()
        found = (self._network.subnets.get(subnet) for subnet in wanted)
        return tuple(dict.fromkeys(vpc for vpc in found if vpc is not None))

    async def _auth_type(self, params: Mapping[str, Any], scope: Scope) -> Values:
        place = _place(params, scope)
        url = await self._resources.read(FUNCTION_URLS, place)
        return () if url is None else (url.auth_type.value,)

    async def _of_statement(self, key: str, params: Mapping[str, Any], scope: Scope) -> Values:
        """Keys about the statement that is to be removed, which AWS compares as if it were given again."""
        attached = await self._resources.read(FUNCTION_POLICIES, _place(params, scope))
        statements = [] if attached is None else json.loads(attached.document)["Statement"]
        listed = statements if isinstance(statements, list) else [statements]
        found = next((each for each in listed if each.get("Sid") == params["StatementId"]), None)
        if found is None:
            return ()
        if key == "lambda:principal":
            named = found.get("Principal")
            names = [named] if isinstance(named, str) else list((named or {}).values())
            return tuple(str(name) for name in names)
        conditions = found.get("Condition", {}).values()
        values = [value for test in conditions for name, value in test.items() if name.lower() == key]
        return tuple(str(value) for value in values)

    async def _tag(self, name: str, params: Mapping[str, Any], scope: Scope) -> Values:
        tags = await self._tags(params, scope)
        return tuple(value for key, value in tags.items() if key.lower() == name)

    async def _tags(self, params: Mapping[str, Any], scope: Scope) -> Mapping[str, str]:
        arn = params.get("Resource") or params.get("CodeSigningConfigArn") or ""
        kind, _, name = arn.partition(f":{scope.account}:")[2].partition(":")
        if kind == "event-source-mapping" or "UUID" in params:
            mapping = await self._resources.read(MAPPINGS, place_of(scope, params.get("UUID") or name))
            return {} if mapping is None else mapping.tags
        if kind == "code-signing-config":
            config = await self._resources.read(CODE_SIGNING_CONFIGS, Place(scope, ACCOUNT, name))
            return {} if config is None else config.tags
        function = name.partition(":")[0] if kind == "function" else params.get("FunctionName")
        if not function:
            return {}
        owner, reference = function_named(function, scope)
        return await self._catalogue.read_tags(owner, reference.name)


def _place(params: Mapping[str, Any], scope: Scope) -> Place:
    owner, reference = function_named(params["FunctionName"], scope)
    return Place(owner, reference.name, params.get("Qualifier") or reference.qualifier or LATEST)
