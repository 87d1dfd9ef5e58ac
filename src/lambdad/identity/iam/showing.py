"""Users, groups, roles and policies as answers show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambdad.domain.iam import Group, Holder, ManagedPolicy, PolicyVersion, Role, Tags, User
from lambdad.identity.directory import Directory
from lambdad.identity.iam.documents import escaped
from lambdad.identity.iam.entities import moment


def tags(given: Tags) -> list[Mapping[str, str]]:
    """Tags as lists of them are shown."""
    return [{"Key": key, "Value": value} for key, value in given]


def role(found: Role, *, whole: bool = False) -> Mapping[str, Any]:
    """A role.

    Args:
        found: the role.
        whole: with what lists leave out: tags, boundary, last use.

    Source: the model: "IAM resource-listing operations return a subset of the available attributes".
    """
    shown: dict[str, Any] = {
        **_holder(found, "Role"),
        "AssumeRolePolicyDocument": escaped(found.trust),
        "Description": found.description,
        "MaxSessionDuration": found.max_session_s,
    }
    if whole:
        shown |= _boundary(found) | _tags(found.tags)
        shown["RoleLastUsed"] = (
            {}
            if found.used_s is None
            else {"LastUsedDate": moment(found.used_s), "Region": found.used_region}
        )
    return shown


def user(found: User, *, whole: bool = False) -> Mapping[str, Any]:
    """A user; `whole` with tags and boundary."""
    return _holder(found, "User") | (_boundary(found) | _tags(found.tags) if whole else {})


def group(found: Group) -> Mapping[str, Any]:
    """A group."""
    return _holder(found, "Group")


def policy(directory: Directory, account: str, found: ManagedPolicy, *, whole: bool) -> Mapping[str, Any]:
    """A managed policy; `whole` with description and tags."""
    uses = sum(found.arn in holder.attached for holder in directory.holders(account))
    bounds = sum(found.arn == holder.boundary for holder in directory.holders(account))
    shown = {
        "PolicyName": found.name,
        "PolicyId": found.unique_id,
        "Arn": found.arn,
        "Path": found.path,
        "DefaultVersionId": found.default_version,
        "AttachmentCount": uses,
        "PermissionsBoundaryUsageCount": bounds,
        "IsAttachable": True,
        "CreateDate": moment(found.created_s),
        "UpdateDate": moment(found.updated_s),
    }
    if whole:
        shown |= {"Description": found.description, "Tags": tags(found.tags)}
    return shown


def version(found: ManagedPolicy, one: PolicyVersion, *, document: bool) -> Mapping[str, Any]:
    """A version of a policy, with its document or without."""
    return {
        "Document": escaped(one.document) if document else None,
        "VersionId": one.version_id,
        "IsDefaultVersion": one.version_id == found.default_version,
        "CreateDate": moment(one.created_s),
    }


def _holder(found: Holder, title: str) -> dict[str, Any]:
    return {
        "Path": found.path,
        f"{title}Name": found.name,
        f"{title}Id": found.unique_id,
        "Arn": found.arn,
        "CreateDate": moment(found.created_s),
    }


def _boundary(found: Holder) -> dict[str, Any]:
    if found.boundary is None:
        return {}
    boundary = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": found.boundary}
    return {"PermissionsBoundary": boundary}


def _tags(given: Tags) -> dict[str, Any]:
    return {"Tags": tags(given)} if given else {}
