"""Statements as AddPermission and AddLayerVersionPermission write them, member for member in AWS's order.

Source: public recordings of LocalStack's suite against AWS (tests/aws/services/lambda_,
test_lambda_api.snapshot.json), TestLambdaPermissions test_add_lambda_permission_fields, and TestLambdaLayer
test_layer_policy_lifecycle; spec api §4.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from lambdad.control.context import Params
from lambdad.domain.errors import InvalidParameter
from lambdad.domain.policies.principals import EVERYBODY

Statement = dict[str, Any]

_ACCOUNT = re.compile(r"\d{12}")
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.(amazonaws\.(com|com\.cn|eu)|amazon\.com|aws\.internal)")
_IDENTITY = re.compile(
    r"arn:aws[a-zA-Z-]*:(iam::(\d{12}|cloudfront):(root|(user|role)/[\x21-\x7e]+)"
    r"|sts::\d{12}:(assumed-role|federated-user)/[\x21-\x7e]+)"
)
_UNIQUE_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,124}")
_KEYS: Mapping[str, tuple[str, str]] = {
    "FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
    "PrincipalOrgID": ("StringEquals", "aws:PrincipalOrgID"),
    "SourceAccount": ("StringEquals", "AWS:SourceAccount"),
    "EventSourceToken": ("StringEquals", "lambda:EventSourceToken"),
    "SourceArn": ("ArnLike", "AWS:SourceArn"),
    "InvokedViaFunctionUrl": ("Bool", "lambda:InvokedViaFunctionUrl"),
}
"""Operator and condition key of each member of a request, in the order of the statement."""


def permission(params: Params, resource: str, partition: str) -> Statement:
    """The statement that an AddPermission asks for.

    Raises:
        InvalidParameter: a principal that is none, or members that do not go together.
    """
    _check_members(params)
    conditions: dict[str, dict[str, str]] = {}
    for member, (operator, key) in _KEYS.items():
        if params.get(member) is not None:
            conditions.setdefault(operator, {})[key] = _text(params[member])
    return _statement(params, resource, partition, conditions)


def layer_permission(params: Params, resource: str, partition: str) -> Statement:
    """The statement that an AddLayerVersionPermission asks for.

    Raises:
        InvalidParameter: an organization for a principal that is not everybody.
    """
    organization = params.get("OrganizationId")
    if organization is None:
        return _statement(params, resource, partition, {})
    if params["Principal"] != EVERYBODY:
        raise InvalidParameter("OrganizationId can only be used with the principal *.")
    return _statement(params, resource, partition, {"StringEquals": {"aws:PrincipalOrgID": organization}})


def principal(text: str, partition: str) -> str | dict[str, str]:
    """What a statement says for a principal of a request.

    Raises:
        InvalidParameter: in AWS's words. Source: TestLambdaPermissions test_permission_exceptions,
            add_permission_principal_invalid.
    """
    if text == EVERYBODY:
        return text
    if _ACCOUNT.fullmatch(text):
        return {"AWS": f"arn:{partition}:iam::{text}:root"}
    if _IDENTITY.fullmatch(text):
        return {"AWS": text}
    if _SERVICE.fullmatch(text):
        return {"Service": text}
    raise _invalid_principal()


def _invalid_principal() -> InvalidParameter:
    return InvalidParameter("The provided principal was invalid. Please check the principal and try again.")


def check_principals(document: str) -> None:
    """Refuse a document, known to be a policy, that names principals which are none.

    Raises:
        InvalidParameter: in AWS's words, as above.
    """
    statements = json.loads(document)["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        named = statement.get("Principal", statement.get("NotPrincipal"))
        for kind, names in named.items() if isinstance(named, dict) else ():
            for name in names if isinstance(names, list) else [names]:
                if not _is_principal(kind, name):
                    raise _invalid_principal()


def _is_principal(kind: str, name: str) -> bool:
    if kind == "Service":
        return _SERVICE.fullmatch(name) is not None
    if kind == "AWS":
        return name == EVERYBODY or any(form.fullmatch(name) for form in (_ACCOUNT, _IDENTITY, _UNIQUE_ID))
    return bool(name)


def _check_members(params: Params) -> None:
    """Source: the restrictions that the public suite's test_add_lambda_permission_fields notes."""
    action = params["Action"]
    if params.get("FunctionUrlAuthType") is not None and action != "lambda:InvokeFunctionUrl":
        raise InvalidParameter("FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action")
    if params.get("InvokedViaFunctionUrl") is not None and action != "lambda:InvokeFunction":
        raise InvalidParameter("InvokedViaFunctionUrl is only supported for lambda:InvokeFunction action")
    source = params.get("SourceArn") is not None or params.get("SourceAccount") is not None
    if params.get("EventSourceToken") is not None and source:
        raise InvalidParameter("EventSourceToken cannot be used together with SourceArn or SourceAccount.")


def _statement(
    params: Params, resource: str, partition: str, conditions: Mapping[str, Mapping[str, str]]
) -> Statement:
    statement: Statement = {
        "Sid": params["StatementId"],
        "Effect": "Allow",
        "Principal": principal(params["Principal"], partition),
        "Action": params["Action"],
        "Resource": resource,
    }
    if conditions:
        statement["Condition"] = conditions
    return statement


def _text(value: str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else value
