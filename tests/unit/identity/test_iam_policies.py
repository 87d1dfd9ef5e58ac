"""Managed policies, the account's own and AWS's, by boto3."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from iam_cases import ADMIN, BASIC, allow, refusal, role, user_with_key

from lambdad.domain.policies.document import IDENTITY_POLICY, read_policy
from lambdad.identity.iam.aws_managed_policies import aws_managed_policies
from tests.fakes.iam_bridge import ACCOUNT, OTHER_ACCOUNT, IamBridge


def policy(bridge: IamBridge, name: str = "read", text: str | None = None, **more: object) -> str:
    made = bridge.iam.create_policy(PolicyName=name, PolicyDocument=text or allow("s3:GetObject"), **more)
    return str(made["Policy"]["Arn"])


def test_what_terraform_writes_it_reads_again(bridge: IamBridge):
    made = bridge.iam.create_policy(
        PolicyName="read",
        Path="/team/",
        PolicyDocument=allow("s3:GetObject"),
        Description="reads",
        Tags=[{"Key": "a", "Value": "b"}],
    )["Policy"]
    arn = f"arn:aws:iam::{ACCOUNT}:policy/team/read"
    assert made["Arn"] == arn
    assert made["PolicyId"].startswith("ANPA") and len(made["PolicyId"]) == 21
    read = bridge.iam.get_policy(PolicyArn=arn)["Policy"]
    assert read == {**made, "Description": "reads"}
    assert (read["DefaultVersionId"], read["AttachmentCount"], read["IsAttachable"]) == ("v1", 0, True)
    version = bridge.iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    assert version["Document"] == json.loads(allow("s3:GetObject"))
    assert version["IsDefaultVersion"]
    bridge.iam.delete_policy(PolicyArn=arn)
    expected = ("NoSuchEntity", f"Policy {arn} was not found.", 404)
    assert refusal(bridge.iam.get_policy, PolicyArn=arn) == expected
    assert refusal(bridge.iam.delete_policy, PolicyArn=arn) == expected
    assert refusal(bridge.iam.list_policy_versions, PolicyArn=arn) == expected


def test_a_name_is_given_once(bridge: IamBridge):
    policy(bridge)
    assert refusal(bridge.iam.create_policy, PolicyName="read", PolicyDocument=allow("s3:*")) == (
        "EntityAlreadyExists",
        "A policy called read already exists. Duplicate names are not allowed.",
        409,
    )


def test_a_document_that_is_too_long(bridge: IamBridge):
    long = allow("s3:*", Sid="x" * 6_144)
    assert refusal(bridge.iam.create_policy, PolicyName="read", PolicyDocument=long) == (
        "LimitExceeded",
        "Cannot exceed quota for PolicySize: 6144",
        409,
    )


def test_versions(bridge: IamBridge):
    arn = policy(bridge)
    create = bridge.iam.create_policy_version
    second = create(PolicyArn=arn, PolicyDocument=allow("s3:PutObject"))["PolicyVersion"]
    assert (second["VersionId"], second["IsDefaultVersion"]) == ("v2", False)
    third = create(PolicyArn=arn, PolicyDocument=allow("s3:*"), SetAsDefault=True)["PolicyVersion"]
    assert (third["VersionId"], third["IsDefaultVersion"]) == ("v3", True)
    listed = bridge.iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert [(one["VersionId"], one["IsDefaultVersion"]) for one in listed] == [
        ("v3", True),
        ("v2", False),
        ("v1", False),
    ]
    assert refusal(bridge.iam.delete_policy_version, PolicyArn=arn, VersionId="v3") == (
        "DeleteConflict",
        "Cannot delete the default version of a policy.",
        409,
    )
    assert refusal(bridge.iam.delete_policy, PolicyArn=arn)[0] == "DeleteConflict"
    bridge.iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    bridge.iam.delete_policy_version(PolicyArn=arn, VersionId="v3")
    assert create(PolicyArn=arn, PolicyDocument=allow("s3:*"))["PolicyVersion"]["VersionId"] == "v4"
    assert bridge.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v2"
    missing = refusal(bridge.iam.get_policy_version, PolicyArn=arn, VersionId="v3")
    assert missing == ("NoSuchEntity", f"Policy {arn} version v3 does not exist or is not attachable.", 404)


def test_five_versions_are_all(bridge: IamBridge):
    arn = policy(bridge)
    for _ in range(4):
        bridge.iam.create_policy_version(PolicyArn=arn, PolicyDocument=allow("s3:*"))
    pages = bridge.iam.get_paginator("list_policy_versions").paginate(
        PolicyArn=arn, PaginationConfig={"PageSize": 2}
    )
    assert [len(page["Versions"]) for page in pages] == [2, 2, 1]
    code, message, _ = refusal(bridge.iam.create_policy_version, PolicyArn=arn, PolicyDocument=allow("s3:*"))
    assert code == "LimitExceeded"
    assert message.startswith("A managed policy can have up to 5 versions.")


def test_a_policy_that_is_used_stays(bridge: IamBridge):
    arn = policy(bridge)
    role(bridge)
    bridge.iam.attach_role_policy(RoleName="deploy", PolicyArn=arn)
    expected = ("DeleteConflict", "Cannot delete a policy attached to entities.", 409)
    assert refusal(bridge.iam.delete_policy, PolicyArn=arn) == expected
    assert bridge.iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    bridge.iam.put_role_permissions_boundary(RoleName="deploy", PermissionsBoundary=arn)
    bridge.iam.detach_role_policy(RoleName="deploy", PolicyArn=arn)
    assert refusal(bridge.iam.delete_policy, PolicyArn=arn) == expected
    assert bridge.iam.get_policy(PolicyArn=arn)["Policy"]["PermissionsBoundaryUsageCount"] == 1


def test_who_has_a_policy(bridge: IamBridge):
    arn = policy(bridge)
    role(bridge)
    user_with_key(bridge)
    bridge.iam.create_group(GroupName="team")
    bridge.iam.attach_role_policy(RoleName="deploy", PolicyArn=arn)
    bridge.iam.attach_user_policy(UserName="alice", PolicyArn=arn)
    bridge.iam.attach_group_policy(GroupName="team", PolicyArn=arn)
    found = bridge.iam.list_entities_for_policy(PolicyArn=arn)
    assert [one["RoleName"] for one in found["PolicyRoles"]] == ["deploy"]
    assert [one["UserName"] for one in found["PolicyUsers"]] == ["alice"]
    assert [one["GroupName"] for one in found["PolicyGroups"]] == ["team"]
    only = bridge.iam.list_entities_for_policy(PolicyArn=arn, EntityFilter="Role")
    assert (len(only["PolicyRoles"]), only["PolicyUsers"]) == (1, [])


def test_lists_of_policies(bridge: IamBridge):
    own = policy(bridge)
    role(bridge)
    bridge.iam.attach_role_policy(RoleName="deploy", PolicyArn=BASIC)
    local = bridge.iam.list_policies(Scope="Local")["Policies"]
    assert [one["Arn"] for one in local] == [own]
    attached = bridge.iam.list_policies(OnlyAttached=True)["Policies"]
    assert [one["Arn"] for one in attached] == [BASIC]
    pages = bridge.iam.get_paginator("list_policies").paginate(PaginationConfig={"PageSize": 5})
    listed = [one["Arn"] for page in pages for one in page["Policies"]]
    assert set(listed) == {own, *aws_managed_policies()}
    assert len(listed) == len(set(listed))
    service_roles = bridge.iam.list_policies(PathPrefix="/service-role/")["Policies"]
    assert BASIC in [one["Arn"] for one in service_roles]
    assert all(one["Path"] == "/service-role/" for one in service_roles)
    other = bridge.client("iam", account=OTHER_ACCOUNT)
    assert other.list_policies(Scope="Local")["Policies"] == []


@pytest.mark.parametrize("arn", sorted(aws_managed_policies()))
def test_every_policy_of_aws_reads_and_is_shown(bridge: IamBridge, arn: str):
    shown = bridge.iam.get_policy(PolicyArn=arn)["Policy"]
    version = bridge.iam.get_policy_version(PolicyArn=arn, VersionId=shown["DefaultVersionId"])
    document = version["PolicyVersion"]["Document"]
    assert read_policy(json.dumps(document), IDENTITY_POLICY).statements
    assert shown["CreateDate"] <= shown["UpdateDate"] < datetime.now(UTC)
    assert arn.endswith(f":aws:policy{shown['Path']}{shown['PolicyName']}")


def test_the_basic_execution_role_writes_logs(bridge: IamBridge):
    version = bridge.iam.get_policy_version(PolicyArn=BASIC, VersionId="v1")["PolicyVersion"]
    assert version["Document"]["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": "*",
        }
    ]


def test_policies_of_aws_are_changed_by_nobody(bridge: IamBridge):
    for call, more in (
        (bridge.iam.delete_policy, {}),
        (bridge.iam.create_policy_version, {"PolicyDocument": allow("s3:*")}),
        (bridge.iam.set_default_policy_version, {"VersionId": "v1"}),
        (bridge.iam.tag_policy, {"Tags": [{"Key": "a", "Value": "b"}]}),
    ):
        code, _, status = refusal(call, PolicyArn=ADMIN, **more)
        assert (code, status) == ("AccessDenied", 403)


def test_tags_of_policies(bridge: IamBridge):
    arn = policy(bridge)
    bridge.iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    bridge.iam.untag_policy(PolicyArn=arn, TagKeys=["a"])
    assert bridge.iam.list_policy_tags(PolicyArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
