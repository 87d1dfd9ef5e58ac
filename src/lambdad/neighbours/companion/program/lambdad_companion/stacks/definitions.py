"""HTTP APIs out of an OpenAPI definition in a template, as SAM writes them; ministack knows REST APIs so.

Source: API Gateway developer guide, "Working with OpenAPI definitions for HTTP APIs" and its extensions
x-amazon-apigateway-integration, -authorizer, -cors and -any-method.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Final

from ..hooks import HookMoved

_TYPE: Final = "AWS::ApiGatewayV2::Api"
_METHODS: Final = frozenset({"get", "put", "post", "delete", "options", "head", "patch"})
_ANY: Final = "x-amazon-apigateway-any-method"
_INTEGRATION: Final = "x-amazon-apigateway-integration"
_AUTHORIZER: Final = "x-amazon-apigateway-authorizer"
_CREATED: Final = 201


def hook(handlers: dict[str, Any], apis: ModuleType) -> None:
    """Read the definition when an API is made, and again when it changed.

    Args:
        handlers: of resource types.
        apis: ministack's module of HTTP APIs.
    """
    known = handlers.get(_TYPE, {})
    create, update = known.get("create"), known.get("update")
    if create is None or update is None:
        raise HookMoved(f"there is no handler of {_TYPE}")

    def created(logical_id: str, props: Any, stack_name: str) -> Any:
        body = props.get("Body")
        api_id, attributes = create(logical_id, _named(props, body), stack_name)
        if body:
            Definition(apis, api_id, body).read()
        return api_id, attributes

    def updated(physical_id: str, old: Any, new: Any, *rest: Any) -> Any:
        body = new.get("Body")
        found = update(physical_id, _named(old, old.get("Body")), _named(new, body), *rest)
        if body and body != old.get("Body") and found[0] == physical_id:
            definition = Definition(apis, physical_id, body)
            definition.forget()
            definition.read()
        return found

    known |= {"create": created, "update": updated}


def _named(props: Mapping[str, Any], body: Any) -> dict[str, Any]:
    """With the name and the rules for browsers that stand in the definition."""
    title = ((body or {}).get("info") or {}).get("title")
    cors = (body or {}).get("x-amazon-apigateway-cors")
    found = {"Name": title} if title else {}
    if cors:
        found["CorsConfiguration"] = {f"{name[0].upper()}{name[1:]}": value for name, value in cors.items()}
    return {**found, **props}


class Definition:
    """One definition and the API it is for."""

    def __init__(self, apis: ModuleType, api_id: str, body: Mapping[str, Any]) -> None:
        self._apis = apis
        self._api_id = api_id
        self._body = body
        self._authorizers: dict[str, tuple[str, str]] = {}

    def read(self) -> None:
        """Make authorizers, integrations and routes.

        Raises:
            ValueError: something that is not offered.
        """
        schemes = (self._body.get("components") or {}).get("securitySchemes") or {}
        for name, scheme in schemes.items():
            if _AUTHORIZER in scheme:
                self._authorize(name, scheme)
        for path, operations in (self._body.get("paths") or {}).items():
            for method, operation in operations.items():
                if method in _METHODS or method == _ANY:
                    self._route(path, method, operation)

    def forget(self) -> None:
        """Remove what an older definition had."""
        for store in (self._apis._routes, self._apis._integrations, self._apis._authorizers):
            store[self._api_id] = {}

    def _authorize(self, name: str, scheme: Mapping[str, Any]) -> None:
        about = scheme[_AUTHORIZER]
        kind = str(about.get("type", "jwt")).upper()
        sources = about.get("identitySource") or "$request.header.Authorization"
        data = {
            "authorizerType": kind,
            "name": name,
            "identitySource": sources if isinstance(sources, list) else str(sources).split(","),
            "jwtConfiguration": about.get("jwtConfiguration") or {},
            "authorizerUri": about.get("authorizerUri", ""),
            "authorizerPayloadFormatVersion": about.get("authorizerPayloadFormatVersion", "2.0"),
            "enableSimpleResponses": about.get("enableSimpleResponses", False),
            "authorizerCredentialsArn": about.get("authorizerCredentials", ""),
        }
        if "authorizerResultTtlInSeconds" in about:
            data["authorizerResultTtlInSeconds"] = about["authorizerResultTtlInSeconds"]
        made = self._made(self._apis._create_authorizer, data)
        self._authorizers[name] = (made["authorizerId"], "JWT" if kind == "JWT" else "CUSTOM")

    def _route(self, path: str, method: str, operation: Mapping[str, Any]) -> None:
        about = operation.get(_INTEGRATION)
        if about is None:
            raise ValueError(f"The operation {method} {path} of the definition has no {_INTEGRATION}.")
        data = {
            "integrationType": str(about.get("type", "aws_proxy")).upper(),
            "integrationUri": about.get("uri", ""),
            "integrationMethod": about.get("httpMethod", "POST"),
            "payloadFormatVersion": about.get("payloadFormatVersion", "1.0"),
            "timeoutInMillis": about.get("timeoutInMillis", 30_000),
            "credentialsArn": about.get("credentials"),
        }
        integration = self._made(self._apis._create_integration, data)
        verb = "ANY" if method == _ANY else method.upper()
        route = {
            "routeKey": "$default" if path == "$default" else f"{verb} {path}",
            "target": f"integrations/{integration['integrationId']}",
            **self._secured(operation),
        }
        self._made(self._apis._create_route, route)

    def _secured(self, operation: Mapping[str, Any]) -> dict[str, Any]:
        """Who may call an operation, as it says, or the definition for all."""
        wanted = operation.get("security", self._body.get("security")) or []
        for requirement in wanted:
            for name, scopes in requirement.items():
                if name in self._authorizers:
                    authorizer, kind = self._authorizers[name]
                    found = {"authorizationType": kind, "authorizerId": authorizer}
                    return {**found, "authorizationScopes": scopes} if scopes else found
                raise ValueError(f"The security scheme {name} of the definition is not offered.")
        return {}

    def _made(self, make: Any, data: Mapping[str, Any]) -> dict[str, Any]:
        status, _, body = make(self._api_id, data)
        if status != _CREATED:
            raise ValueError(f"The definition of the API is refused: {body!r}")
        found: dict[str, Any] = json.loads(body)
        return found
