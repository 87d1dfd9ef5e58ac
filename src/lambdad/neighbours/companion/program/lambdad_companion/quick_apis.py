"""What ministack's HTTP APIs lack: quick create, roles of integrations; and WebSocket APIs are refused.

Source: API Gateway version 2 API reference, CreateApi (`target`, `routeKey`, `credentialsArn`) and
CreateIntegration (`credentialsArn`).
"""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any, Final

from .hooks import Hooks, replace

_CREATED: Final = 201
_NO_SOCKETS: Final = "WebSocket APIs are not offered here: the endpoint speaks HTTP alone."


def add(hooks: Hooks) -> None:
    """Set the hooks."""
    hooks.add("apigateway", _hook)


def _hook(module: ModuleType) -> None:
    def create_api(data: Any) -> Any:
        if data.get("protocolType") == "WEBSOCKET":
            return module._apigw_error("BadRequestException", _NO_SOCKETS, 400)
        answer = api_before(data)
        if data.get("target") and answer[0] == _CREATED:
            _quick(module, json.loads(answer[2])["apiId"], data)
        return answer

    def create_integration(api_id: str, data: Any) -> Any:
        answer = integration_before(api_id, data)
        if data.get("credentialsArn") and answer[0] == _CREATED:
            made = json.loads(answer[2])["integrationId"]
            module._integrations[api_id][made]["credentialsArn"] = data["credentialsArn"]
        return answer

    api_before = replace(module, "_create_api", "data", create_api)
    integration_before = replace(module, "_create_integration", "api_id data", create_integration)


def _quick(module: ModuleType, api_id: str, data: Any) -> None:
    """A route to the target, and a stage that deploys itself."""
    target = data["target"]
    integration = {
        "integrationType": "AWS_PROXY" if str(target).startswith("arn:") else "HTTP_PROXY",
        "integrationUri": target,
        "integrationMethod": "POST" if str(target).startswith("arn:") else "ANY",
        "payloadFormatVersion": "2.0" if str(target).startswith("arn:") else "1.0",
        "credentialsArn": data.get("credentialsArn"),
    }
    made = json.loads(module._create_integration(api_id, integration)[2])["integrationId"]
    route = {"routeKey": data.get("routeKey", "$default"), "target": f"integrations/{made}"}
    module._create_route(api_id, route)
    module._create_stage(api_id, {"stageName": "$default", "autoDeploy": True})
