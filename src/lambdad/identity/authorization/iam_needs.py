"""What each operation of IAM needs: its own name, on the user, role, group or policy that it is about.

STS is not here: nobody needs a permission to ask who they are or for a session of their own, and AssumeRole
is decided where the trust policy is.

Source: Service Authorization Reference, "AWS Identity and Access Management"; denials that users reported for
those that list (``…:user/``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from lambdad.domain.http import Request
from lambdad.identity.authorization.needs import EVERYTHING, Need, Values

ArnOf = Callable[[str, str, str], str | None]
"""From ``user``, ``role`` or ``group``, an account and a name to the ARN with its path; None for nothing."""

_LISTS: Final = {"ListUsers": "user", "ListRoles": "role", "ListGroups": "group", "ListPolicies": "policy"}
_MEMBERS: Final = {"UserName": "user", "RoleName": "role", "GroupName": "group"}
_GROUPS: Final = frozenset({"AddUserToGroup", "RemoveUserFromGroup"})
"""Operations that name a user, too, and are on the group."""
_OF_CALLER: Final = frozenset(
    {
        "ChangePassword",
        "CreateAccessKey",
        "DeleteAccessKey",
        "GetAccessKeyLastUsed",
        "GetUser",
        "ListAccessKeys",
        "UpdateAccessKey",
    }
)
"""Operations on the user who asks when they name none."""
_BOUNDED: Final = frozenset(
    {"CreateRole", "CreateUser", "PutRolePermissionsBoundary", "PutUserPermissionsBoundary"}
)
_ATTACHING: Final = ("Attach", "Detach")


class IamNeeds:
    """Reads requests to IAM; its instances are a `service_gate.NeedsOf`.

    Args:
        arn_of: finds users, roles and groups, whose path stands in no request.
    """

    def __init__(self, arn_of: ArnOf) -> None:
        self._arn_of = arn_of

    def __call__(self, operation: str, params: Mapping[str, Any], request: Request) -> list[Need]:
        """What an operation needs."""
        resource = self._resource(operation, params, request)
        return [Need(f"iam:{operation}", resource, _keys(operation, params))]

    def _resource(self, operation: str, params: Mapping[str, Any], request: Request) -> str:
        account = request.caller.scope.account
        base = f"arn:{request.caller.scope.partition}:iam::{account}"
        if operation in _LISTS:
            return f"{base}:{_LISTS[operation]}{params.get('PathPrefix') or '/'}"
        if operation == "CreatePolicy":
            return f"{base}:policy{params.get('Path') or '/'}{params['PolicyName']}"
        member = "GroupName" if operation in _GROUPS else next((m for m in _MEMBERS if params.get(m)), None)
        if member is not None:
            kind, name = _MEMBERS[member], params[member]
            path = params.get("Path") if operation.startswith("Create") else None
            known = None if path else self._arn_of(kind, account, name)
            return known or f"{base}:{kind}{path or '/'}{name}"
        if operation in _OF_CALLER and request.caller.who is not None:
            return request.caller.who.arn
        named = params.get("PolicyArn") or params.get("PolicySourceArn") or params.get("Arn")
        return str(named or EVERYTHING)


def _keys(operation: str, params: Mapping[str, Any]) -> dict[str, Values]:
    keys: dict[str, Values] = {}
    if operation.startswith(_ATTACHING) and params.get("PolicyArn"):
        keys["iam:policyarn"] = (params["PolicyArn"],)
    if operation in _BOUNDED and params.get("PermissionsBoundary"):
        keys["iam:permissionsboundary"] = (params["PermissionsBoundary"],)
    tags = {tag["Key"]: tag["Value"] for tag in params.get("Tags") or ()}
    keys |= {f"aws:requesttag/{key.lower()}": (value,) for key, value in tags.items()}
    named = tuple(params.get("TagKeys") or tags)
    if named:
        keys["aws:tagkeys"] = named
    return keys
