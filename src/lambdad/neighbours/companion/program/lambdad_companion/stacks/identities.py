"""Roles, users, groups and policies.

Source: CloudFormation template reference, AWS::IAM::*; ids and attributes as its "Return values".
"""

from __future__ import annotations

import json
from typing import Any, Final

from .calls import Calls
from .resource import Made, Props, Resource, changed, given, gone, physical_name, tag_map

_MAX_NAME: Final = 64
_MAX_POLICY_NAME: Final = 128
_MOST_VERSIONS: Final = 5
_HOLDERS: Final = (("Roles", "role"), ("Users", "user"), ("Groups", "group"))


def _document(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _holder(kind: str, name: str) -> dict[str, str]:
    return {f"{kind.capitalize()}Name": name}


class _Kind:
    """What roles, users and groups have in common: policies, attached and inline.

    Args:
        kind: ``role``, ``user`` or ``group``.
        attributes: of it, beside its ARN, and the member each comes from.
    """

    def __init__(self, kind: str, attributes: dict[str, str]) -> None:
        self.kind = kind
        self._property = f"{kind.capitalize()}Name"
        self._attributes = attributes

    def named(self, name: str) -> dict[str, str]:
        return {self._property: name}

    def create(self, calls: Calls, logical_id: str, props: Props, stack: str) -> Made:
        name = props.get(self._property) or physical_name(stack, logical_id, _MAX_NAME)
        sent = given(props, "Path", "Description", "MaxSessionDuration", "PermissionsBoundary", "Tags")
        if "AssumeRolePolicyDocument" in props:
            sent["AssumeRolePolicyDocument"] = _document(props["AssumeRolePolicyDocument"])
        if "LoginProfile" in props:
            raise ValueError("AWS::IAM::User LoginProfile is not offered: there is no console to log in to.")
        made = calls("iam", f"create_{self.kind}", **self.named(name), **sent)[self.kind.capitalize()]
        try:
            self.policies(calls, name, {}, props)
        except ValueError:
            self.delete(calls, name, props)
            raise
        return name, {name: made[member] for name, member in self._attributes.items()}

    def policies(self, calls: Calls, name: str, old: Props, new: Props) -> None:
        """Attach and detach, put and remove, so that what the template says is so."""
        who = self.named(name)
        for arn in gone(old.get("ManagedPolicyArns"), new.get("ManagedPolicyArns")):
            calls.unless_gone("iam", f"detach_{self.kind}_policy", **who, PolicyArn=arn)
        for arn in gone(new.get("ManagedPolicyArns"), old.get("ManagedPolicyArns")):
            calls("iam", f"attach_{self.kind}_policy", **who, PolicyArn=arn)
        kept = {policy["PolicyName"] for policy in new.get("Policies") or ()}
        for policy in old.get("Policies") or ():
            if policy["PolicyName"] not in kept:
                calls.unless_gone("iam", f"delete_{self.kind}_policy", **who, PolicyName=policy["PolicyName"])
        for policy in gone(new.get("Policies"), old.get("Policies")):
            document = _document(policy["PolicyDocument"])
            named = {"PolicyName": policy["PolicyName"], "PolicyDocument": document}
            calls("iam", f"put_{self.kind}_policy", **who, **named)
        if self.kind == "user":
            for group in gone(old.get("Groups"), new.get("Groups")):
                calls.unless_gone("iam", "remove_user_from_group", **who, GroupName=group)
            for group in gone(new.get("Groups"), old.get("Groups")):
                calls("iam", "add_user_to_group", **who, GroupName=group)

    def delete(self, calls: Calls, physical_id: str, props: Props) -> None:
        self.policies(calls, physical_id, props, {})
        calls.unless_gone("iam", f"delete_{self.kind}", **self.named(physical_id))

    def update(self, calls: Calls, physical_id: str, old: Props, new: Props) -> Made:
        if self.kind == "role":
            _role_changed(calls, physical_id, old, new)
        self._retagged(calls, physical_id, old, new)
        self.policies(calls, physical_id, old, new)
        found = calls("iam", f"get_{self.kind}", **self.named(physical_id))[self.kind.capitalize()]
        return physical_id, {name: found[member] for name, member in self._attributes.items()}

    def _retagged(self, calls: Calls, name: str, old: Props, new: Props) -> None:
        removed = tag_map(old.get("Tags")).keys() - tag_map(new.get("Tags")).keys()
        if removed:
            calls("iam", f"untag_{self.kind}", **self.named(name), TagKeys=sorted(removed))
        added = gone(new.get("Tags"), old.get("Tags"))
        if added:
            calls("iam", f"tag_{self.kind}", **self.named(name), Tags=added)


def _role_changed(calls: Calls, name: str, old: Props, new: Props) -> None:
    who = {"RoleName": name}
    if old.get("AssumeRolePolicyDocument") != new.get("AssumeRolePolicyDocument"):
        document = _document(new["AssumeRolePolicyDocument"])
        calls("iam", "update_assume_role_policy", **who, PolicyDocument=document)
    values = changed(old, new, {"Description": "", "MaxSessionDuration": 3600})
    if values:
        calls("iam", "update_role", **who, **values)
    boundary = new.get("PermissionsBoundary")
    if boundary and boundary != old.get("PermissionsBoundary"):
        calls("iam", "put_role_permissions_boundary", **who, PermissionsBoundary=boundary)
    elif not boundary and old.get("PermissionsBoundary"):
        calls("iam", "delete_role_permissions_boundary", **who)


def _inline(calls: Calls, props: Props, name: str) -> None:
    document = _document(props["PolicyDocument"])
    for member, kind in _HOLDERS:
        for holder in props.get(member) or ():
            named = {**_holder(kind, holder), "PolicyName": name, "PolicyDocument": document}
            calls("iam", f"put_{kind}_policy", **named)


def _policy(calls: Calls, logical_id: str, props: Props, stack: str) -> Made:
    physical_id = physical_name(stack, logical_id, _MAX_POLICY_NAME)
    _inline(calls, props, props["PolicyName"])
    return physical_id, {"Id": physical_id}


def _policy_changed(calls: Calls, physical_id: str, old: Props, new: Props) -> Made:
    _inline(calls, new, new["PolicyName"])
    for member, kind in _HOLDERS:
        for holder in old.get(member) or ():
            if old["PolicyName"] != new["PolicyName"] or holder not in (new.get(member) or ()):
                named = {**_holder(kind, holder), "PolicyName": old["PolicyName"]}
                calls.unless_gone("iam", f"delete_{kind}_policy", **named)
    return physical_id, {"Id": physical_id}


def _policy_gone(calls: Calls, physical_id: str, props: Props) -> None:
    for member, kind in _HOLDERS:
        for holder in props.get(member) or ():
            named = {**_holder(kind, holder), "PolicyName": props["PolicyName"]}
            calls.unless_gone("iam", f"delete_{kind}_policy", **named)


def _attach(calls: Calls, arn: str, old: Props, new: Props) -> None:
    for member, kind in _HOLDERS:
        for holder in gone(old.get(member), new.get(member)):
            calls.unless_gone("iam", f"detach_{kind}_policy", **_holder(kind, holder), PolicyArn=arn)
        for holder in gone(new.get(member), old.get(member)):
            calls("iam", f"attach_{kind}_policy", **_holder(kind, holder), PolicyArn=arn)


def _managed(calls: Calls, logical_id: str, props: Props, stack: str) -> Made:
    name = props.get("ManagedPolicyName") or physical_name(stack, logical_id, _MAX_POLICY_NAME)
    document = _document(props["PolicyDocument"])
    sent = {"PolicyName": name, "PolicyDocument": document, **given(props, "Path", "Description", "Tags")}
    arn = calls("iam", "create_policy", **sent)["Policy"]["Arn"]
    _attach(calls, arn, {}, props)
    return arn, {"PolicyArn": arn}


def _managed_changed(calls: Calls, physical_id: str, old: Props, new: Props) -> Made:
    if old["PolicyDocument"] != new["PolicyDocument"]:
        _room_for_version(calls, physical_id)
        document = _document(new["PolicyDocument"])
        named = {"PolicyArn": physical_id, "PolicyDocument": document}
        calls("iam", "create_policy_version", **named, SetAsDefault=True)
    _attach(calls, physical_id, old, new)
    return physical_id, {"PolicyArn": physical_id}


def _room_for_version(calls: Calls, arn: str) -> None:
    versions = calls("iam", "list_policy_versions", PolicyArn=arn)["Versions"]
    others = [each["VersionId"] for each in versions if not each["IsDefaultVersion"]]
    if len(versions) >= _MOST_VERSIONS:
        oldest = min(others, key=lambda version: int(version[1:]))
        calls("iam", "delete_policy_version", PolicyArn=arn, VersionId=oldest)


def _managed_gone(calls: Calls, physical_id: str, props: Props) -> None:
    _attach(calls, physical_id, props, {})
    try:
        versions = calls("iam", "list_policy_versions", PolicyArn=physical_id)["Versions"]
    except ValueError:
        return
    for each in versions:
        if not each["IsDefaultVersion"]:
            calls("iam", "delete_policy_version", PolicyArn=physical_id, VersionId=each["VersionId"])
    calls.unless_gone("iam", "delete_policy", PolicyArn=physical_id)


def _key(calls: Calls, logical_id: str, props: Props, stack: str) -> Made:
    made = calls("iam", "create_access_key", UserName=props["UserName"])["AccessKey"]
    if props.get("Status") == "Inactive":
        named = {"UserName": props["UserName"], "AccessKeyId": made["AccessKeyId"]}
        calls("iam", "update_access_key", **named, Status="Inactive")
    return made["AccessKeyId"], {"SecretAccessKey": made["SecretAccessKey"]}


def _key_gone(calls: Calls, physical_id: str, props: Props) -> None:
    calls.unless_gone("iam", "delete_access_key", UserName=props["UserName"], AccessKeyId=physical_id)


_ROLE: Final = _Kind("role", {"Arn": "Arn", "RoleId": "RoleId"})
_USER: Final = _Kind("user", {"Arn": "Arn"})
_GROUP: Final = _Kind("group", {"Arn": "Arn"})
ROLE: Final = Resource(_ROLE.create, _ROLE.delete, _ROLE.update, fixed=("RoleName", "Path"))
USER: Final = Resource(_USER.create, _USER.delete, _USER.update, fixed=("UserName", "Path"))
GROUP: Final = Resource(_GROUP.create, _GROUP.delete, _GROUP.update, fixed=("GroupName", "Path"))
POLICY: Final = Resource(_policy, _policy_gone, _policy_changed)
MANAGED_POLICY: Final = Resource(
    _managed, _managed_gone, _managed_changed, fixed=("ManagedPolicyName", "Path", "Description")
)
ACCESS_KEY: Final = Resource(_key, _key_gone)
