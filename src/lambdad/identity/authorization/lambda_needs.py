"""From an operation of Lambda and its checked parameters to what it needs.

Names are read as the operations read them; one that they refuse needs nothing here, for they answer first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lambdad.domain.arn import FunctionReference
from lambdad.domain.layer import parse_layer
from lambdad.domain.scope import Scope
from lambdad.identity.authorization.lambda_actions import RULES, On, Rule
from lambdad.identity.authorization.lambda_facts import LambdaFacts
from lambdad.identity.authorization.named_functions import function_named
from lambdad.identity.authorization.needs import EVERYTHING, UNKNOWN, Need, Values

Params = Mapping[str, Any]
PASSED_TO = "lambda.amazonaws.com"


def needs_of(operation: str, params: Params, scope: Scope, facts: LambdaFacts) -> list[Need]:
    """What an operation needs, the role it passes last.

    Raises:
        KeyError: an operation that the table does not have.
    """
    rule = RULES[operation]
    action = f"lambda:{rule.action or operation}"
    keys = _keys(rule, params, scope)
    later = facts.of(operation, params, scope)
    needs = [Need(action, _RESOURCES[on](params, scope), keys, later) for on in rule.on]
    if rule.passes_role and params.get("Role"):
        needs.append(passing(params["Role"], _function(params, scope)))
    return needs


def passing(role: str, to: str) -> Need:
    """What it takes to give a function its role. Source: IAM user guide, "Grant a user permissions to pass a
    role to an AWS service", `iam:PassedToService` and `iam:AssociatedResourceArn`.
    """
    keys = {"iam:passedtoservice": (PASSED_TO,), "iam:associatedresourcearn": (to,)}
    return Need("iam:PassRole", role, keys)


def _keys(rule: Rule, params: Params, scope: Scope) -> dict[str, Values]:
    """Condition keys whose values stand in the request."""
    found: dict[str, Values] = {}
    for key in rule.keys:
        reader = _READERS.get(key)
        values = () if reader is None else reader(params, scope)
        if values:
            found[key] = values
    if rule.tags:
        tags = params.get("Tags") or {}
        found |= {f"aws:requesttag/{key.lower()}": (value,) for key, value in tags.items()}
        named = tuple(params.get("TagKeys") or tags)
        if named:
            found["aws:tagkeys"] = named
    return found


def _member(*path: str) -> Callable[[Params, Scope], Values]:
    def read(params: Params, _: Scope) -> Values:
        value: Any = params
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        if value is None or value == "":
            return ()
        return tuple(value) if isinstance(value, list) else (str(value),)

    return read


def _function(params: Params, scope: Scope) -> str:
    owner, reference = function_named(params["FunctionName"], scope)
    return FunctionReference(reference.name).arn(owner)


def _function_arn(params: Params, scope: Scope) -> Values:
    return (_qualified(params, scope),) if params.get("FunctionName") else ()


def _qualified(params: Params, scope: Scope) -> str:
    owner, reference = function_named(params["FunctionName"], scope, params.get("Qualifier"))
    return reference.arn(owner)


def _layer(params: Params, scope: Scope) -> str:
    return parse_layer(params["LayerName"], scope).arn


def _layer_version(params: Params, scope: Scope) -> str:
    return f"{_layer(params, scope)}:{params['VersionNumber']}"


def _of(kind: str, member: str) -> Callable[[Params, Scope], str]:
    return lambda params, scope: _whole(params[member], kind, scope)


def _whole(text: str, kind: str, scope: Scope) -> str:
    return text if text.startswith("arn:") else scope.arn("lambda", f"{kind}:{text}")


def _without_qualifier(params: Params, _: Scope) -> str:
    """The function behind an ARN; other ARNs as they are."""
    arn: str = params["Resource"]
    return ":".join(arn.split(":")[:7]) if ":function:" in arn else arn


_READERS: Mapping[str, Callable[[Params, Scope], Values]] = {
    "lambda:layer": _member("Layers"),
    "lambda:subnetids": _member("VpcConfig", "SubnetIds"),
    "lambda:securitygroupids": _member("VpcConfig", "SecurityGroupIds"),
    "lambda:codesigningconfigarn": _member("CodeSigningConfigArn"),
    "lambda:functionurlauthtype": lambda params, scope: (
        _member("AuthType")(params, scope) or _member("FunctionUrlAuthType")(params, scope)
    ),
    "lambda:principal": _member("Principal"),
    "lambda:functionarn": _function_arn,
}

_RESOURCES: Mapping[On, Callable[[Params, Scope], str]] = {
    On.NOTHING: lambda _, __: EVERYTHING,
    On.FUNCTION: _function,
    On.QUALIFIED: _qualified,
    On.LAYER: _layer,
    On.LAYER_VERSION: _layer_version,
    On.LAYER_ARN: lambda params, _: params["Arn"],
    On.MAPPING: _of("event-source-mapping", "UUID"),
    On.SIGNING: _of("code-signing-config", "CodeSigningConfigArn"),
    On.TAGGED: _without_qualifier,
    On.POLICY_OWNER: lambda params, _: params["ResourceArn"],
    On.EXECUTION: lambda params, _: params["DurableExecutionArn"],
    On.CAPACITY: _of("capacity-provider", "CapacityProviderName"),
    On.CALLBACK: lambda _, __: UNKNOWN,
}
