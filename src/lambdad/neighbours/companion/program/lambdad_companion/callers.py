"""Step Functions and API Gateway: they call functions and wait for the answer.

Source: Step Functions developer guide, "Calling AWS service APIs" (a state machine acts with its role); API
Gateway developer guide, "Control access to a REST API with Lambda" (the function's policy lets an API in by
``arn:aws:execute-api:region:account:api/stage/METHOD/resource-path``, unless the integration names a role).
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from .hooks import Hooks, replace
from .source import Source, acting

_SERVICE = "apigateway.amazonaws.com"
_V2 = (
    "integration api_id stage path method headers body query_params route_key path_params authorizer_claims "
    "authorizer_scopes authorizer_lambda_context authorizer_iam owner_account_id owner_region "
    "raw_query_string"
)
_V1 = (
    "integration api_id stage_name stage resource request_path method headers body query_params path_params "
    "owner_account_id owner_region binary_media_types authorizer_context caller_identity"
)


def add(hooks: Hooks) -> None:
    """Set the hooks of both."""
    hooks.add("stepfunctions", _stepfunctions)
    hooks.add("apigateway", _http_apis)
    hooks.add("apigateway_v1", _rest_apis)


def _stepfunctions(module: ModuleType) -> None:
    def run(exec_arn: str) -> None:
        execution = module._executions.get(exec_arn) or {}
        machine = module._state_machines.get(execution.get("stateMachineArn")) or {}
        role = machine.get("roleArn")
        account = exec_arn.split(":")[4]
        with acting(Source("states.amazonaws.com", machine.get("stateMachineArn"), account, role)):
            before(exec_arn)

    before = replace(module, "_run_execution", "exec_arn", run)


def _http_apis(module: ModuleType) -> None:
    async def proxy(
        integration: Any,
        api_id: str,
        stage: str,
        path: Any,
        method: str,
        headers: Any,
        body: Any,
        query_params: Any,
        route_key: str = "$default",
        path_params: Any = None,
        **rest: Any,
    ) -> Any:
        resource = "/$default" if route_key == "$default" else f"/{method}{route_key.partition(' ')[2]}"
        region, account = rest.get("owner_region"), rest.get("owner_account_id")
        role = integration.get("credentialsArn")
        with acting(_of_api(module, region, account, f"{api_id}/{stage}{resource}", role)):
            return await before(
                integration,
                api_id,
                stage,
                path,
                method,
                headers,
                body,
                query_params,
                route_key,
                path_params,
                **rest,
            )

    async def authorize(authorizer: Any, event: Any, account_id: Any, region: Any) -> Any:
        name = f"{event['requestContext']['apiId']}/authorizers/{authorizer.get('authorizerId')}"
        role = authorizer.get("authorizerCredentialsArn")
        with acting(_of_api(module, region, account_id, name, role)):
            return await asked(authorizer, event, account_id, region)

    before = replace(module, "_invoke_lambda_proxy", _V2, proxy)
    asked = replace(
        module, "_invoke_request_authorizer_lambda", "authorizer event account_id region", authorize
    )


def _rest_apis(module: ModuleType) -> None:
    def led(name: str) -> None:
        async def invoke(
            integration: Any,
            api_id: str,
            stage_name: str,
            stage: Any,
            resource: Any,
            request_path: Any,
            method: str,
            *rest: Any,
            **named: Any,
        ) -> Any:
            region, account = named.get("owner_region"), named.get("owner_account_id")
            path = f"{api_id}/{stage_name}/{method}{resource.get('path', '/')}"
            with acting(_of_api(module, region, account, path, integration.get("credentials"))):
                return await before(
                    integration, api_id, stage_name, stage, resource, request_path, method, *rest, **named
                )

        before = replace(module, name, _V1, invoke)

    async def authorize(authorizer: Any, event: Any, account_id: Any, region: Any) -> Any:
        api = (
            event.get("requestContext", {}).get("apiId")
            or event.get("methodArn", "").split(":")[-1].split("/")[0]
        )
        name = f"{api}/authorizers/{authorizer.get('id')}"
        role = authorizer.get("authorizerCredentials")
        with acting(_of_api(module, region, account_id, name, role)):
            return await asked(authorizer, event, account_id, region)

    for name in ("_invoke_lambda_proxy_v1", "_invoke_lambda_custom_v1"):
        led(name)
    asked = replace(module, "_invoke_authorizer_lambda", "authorizer event account_id region", authorize)


def _of_api(module: ModuleType, region: Any, account: Any, resource: str, role: Any) -> Source:
    region, account = region or module.get_region(), account or module.get_account_id()
    return Source(_SERVICE, f"arn:aws:execute-api:{region}:{account}:{resource}", account, role)
