"""Roles, by boto3, as infrastructure tools make, read and delete them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from iam_cases import ADMIN, BASIC, LAMBDA, allow, document, refusal, role, trust

from lambdad.domain.limits import MAX_ATTACHED_POLICIES
from tests.fakes.iam_bridge import ACCOUNT, OTHER_ACCOUNT, IamBridge


def test_the_first_step_of_every_tutorial(bridge: IamBridge):
    made = role(bridge, "lambda-ex")
    bridge.iam.attach_role_policy(RoleName="lambda-ex", PolicyArn=BASIC)
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/lambda-ex"
    attached = bridge.iam.list_attached_role_policies(RoleName="lambda-ex")["AttachedPolicies"]
    assert attached == [{"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": BASIC}]
    bridge.iam.detach_role_policy(RoleName="lambda-ex", PolicyArn=BASIC)
    bridge.iam.delete_role(RoleName="lambda-ex")
    assert bridge.iam.list_roles()["Roles"] == []


def test_what_terraform_writes_it_reads_again(bridge: IamBridge):
    made = role(
        bridge,
        "app",
        Path="/team/",
        Description="what it is for",
        MaxSessionDuration=7_200,
        Tags=[{"Key": "team", "Value": "a"}],
    )
    read = bridge.iam.get_role(RoleName="app")["Role"]
    assert read.pop("RoleLastUsed") == {}
    assert read == made
    assert read["AssumeRolePolicyDocument"] == json.loads(LAMBDA)
    assert (read["Path"], read["Description"]) == ("/team/", "what it is for")
    assert read["MaxSessionDuration"] == 7_200
    assert read["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/team/app"
    assert read["RoleId"].startswith("AROA") and len(read["RoleId"]) == 21
    assert read["Tags"] == [{"Key": "team", "Value": "a"}]
    assert read["CreateDate"] == datetime.fromtimestamp(int(bridge.clock.now()), UTC)
    assert bridge.iam.list_role_policies(RoleName="app")["PolicyNames"] == []
    assert bridge.iam.list_instance_profiles_for_role(RoleName="app")["InstanceProfiles"] == []


def test_the_document_is_percent_encoded_on_the_wire(bridge: IamBridge):
    role(bridge)
    raw: list[bytes] = []
    bridge.iam.meta.events.register(
        "before-parse.iam.GetRole", lambda response_dict, **_: raw.append(response_dict["body"])
    )
    bridge.iam.get_role(RoleName="deploy")
    assert b"%7B%22Version%22%3A%20%222012-10-17%22" in raw[0]


def test_a_role_without_description_or_tags_has_none(bridge: IamBridge):
    role(bridge)
    read = bridge.iam.get_role(RoleName="deploy")["Role"]
    assert not {"Description", "Tags", "PermissionsBoundary"} & set(read)
    assert read["MaxSessionDuration"] == 3_600


def test_a_role_that_is_there_is_not_made_again_whatever_its_case(bridge: IamBridge):
    role(bridge, "Deploy")
    assert refusal(role, bridge=bridge, name="Deploy") == (
        "EntityAlreadyExists",
        "Role with name Deploy already exists.",
        409,
    )
    assert refusal(role, bridge=bridge, name="deploy")[0] == "EntityAlreadyExists"


def test_a_role_that_is_not_there(bridge: IamBridge):
    expected = ("NoSuchEntity", "The role with name nobody cannot be found.", 404)
    assert refusal(bridge.iam.get_role, RoleName="nobody") == expected
    assert refusal(bridge.iam.delete_role, RoleName="nobody") == expected
    assert refusal(bridge.iam.attach_role_policy, RoleName="nobody", PolicyArn=BASIC) == expected
    assert refusal(bridge.iam.list_role_policies, RoleName="nobody") == expected
    with pytest.raises(bridge.iam.exceptions.NoSuchEntityException):
        bridge.iam.get_role(RoleName="nobody")


def test_roles_are_their_accounts_and_of_every_region(bridge: IamBridge):
    role(bridge)
    assert bridge.client("iam", region="eu-west-1").get_role(RoleName="deploy")
    other = bridge.client("iam", account=OTHER_ACCOUNT)
    assert other.list_roles()["Roles"] == []
    assert refusal(other.get_role, RoleName="deploy")[0] == "NoSuchEntity"


def test_a_role_is_changed(bridge: IamBridge):
    role(bridge)
    bridge.iam.update_role(RoleName="deploy", Description="new", MaxSessionDuration=43_200)
    anybody = trust({"AWS": ACCOUNT})
    bridge.iam.update_assume_role_policy(RoleName="deploy", PolicyDocument=anybody)
    read = bridge.iam.get_role(RoleName="deploy")["Role"]
    assert (read["Description"], read["MaxSessionDuration"]) == ("new", 43_200)
    assert read["AssumeRolePolicyDocument"] == json.loads(anybody)
    described = bridge.iam.update_role_description(RoleName="deploy", Description="newer")["Role"]
    assert described["Description"] == "newer"


def test_what_a_role_still_has_keeps_it(bridge: IamBridge):
    role(bridge)
    bridge.iam.attach_role_policy(RoleName="deploy", PolicyArn=BASIC)
    bridge.iam.put_role_policy(RoleName="deploy", PolicyName="own", PolicyDocument=allow("s3:*"))
    assert refusal(bridge.iam.delete_role, RoleName="deploy") == (
        "DeleteConflict",
        "Cannot delete entity, must detach all policies first.",
        409,
    )
    bridge.iam.detach_role_policy(RoleName="deploy", PolicyArn=BASIC)
    assert refusal(bridge.iam.delete_role, RoleName="deploy") == (
        "DeleteConflict",
        "Cannot delete entity, must delete policies first.",
        409,
    )
    bridge.iam.delete_role_policy(RoleName="deploy", PolicyName="own")
    bridge.iam.delete_role(RoleName="deploy")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "This policy contains invalid Json"),
        ("[]", "This policy contains invalid Json"),
        (allow("sts:AssumeRole"), "Missing required field Principal"),
        (
            document({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}),
            "Has prohibited field Resource",
        ),
        (
            document({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
    ],
)
def test_a_trust_policy_that_is_none(bridge: IamBridge, text: str, said: str):
    expected = ("MalformedPolicyDocument", said, 400)
    assert refusal(role, bridge=bridge, trusted=text) == expected
    role(bridge)
    change = bridge.iam.update_assume_role_policy
    assert refusal(change, RoleName="deploy", PolicyDocument=text) == expected


def test_a_trust_policy_that_is_too_long(bridge: IamBridge):
    long = trust({"AWS": ACCOUNT}, Sid="x" * 2_048)
    code, message, status = refusal(role, bridge=bridge, trusted=long)
    assert (code, message, status) == ("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048", 409)
    blank = trust({"AWS": ACCOUNT}) + " " * 4_096
    assert role(bridge, trusted=blank)


def test_inline_policies(bridge: IamBridge):
    role(bridge)
    bridge.iam.put_role_policy(RoleName="deploy", PolicyName="own", PolicyDocument=allow("s3:*"))
    read = bridge.iam.get_role_policy(RoleName="deploy", PolicyName="own")
    assert read["PolicyDocument"] == json.loads(allow("s3:*"))
    assert (read["RoleName"], read["PolicyName"]) == ("deploy", "own")
    bridge.iam.put_role_policy(RoleName="deploy", PolicyName="own", PolicyDocument=allow("sqs:*"))
    bridge.iam.put_role_policy(RoleName="deploy", PolicyName="another", PolicyDocument=allow("s3:*"))
    assert bridge.iam.list_role_policies(RoleName="deploy")["PolicyNames"] == ["another", "own"]
    missing = ("NoSuchEntity", "The role policy with name none cannot be found.", 404)
    assert refusal(bridge.iam.get_role_policy, RoleName="deploy", PolicyName="none") == missing
    assert refusal(bridge.iam.delete_role_policy, RoleName="deploy", PolicyName="none") == missing


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no", "This policy contains invalid Json"),
        (
            document({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Principal": "*"}),
            "Policy document should not specify a principal.",
        ),
        (
            document({"Effect": "Allow", "Action": "GetObject", "Resource": "*"}),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        (document({"Effect": "Allow", "Action": "s3:*"}), "Policy statement must contain resources."),
        (document({"Effect": "Allow", "Resource": "*"}), "Policy statement must contain actions."),
        (
            document({"Effect": "Allow", "Action": "s3:*", "Resource": "bucket"}),
            'Resource bucket must be in ARN format or "*".',
        ),
        (document({"Effect": "Perhaps", "Action": "s3:*", "Resource": "*"}), "Syntax errors in policy."),
    ],
)
def test_a_policy_that_is_none(bridge: IamBridge, text: str, said: str):
    role(bridge)
    put = bridge.iam.put_role_policy
    expected = ("MalformedPolicyDocument", said, 400)
    assert refusal(put, RoleName="deploy", PolicyName="own", PolicyDocument=text) == expected
    create = bridge.iam.create_policy
    assert refusal(create, PolicyName="own", PolicyDocument=text) == expected


def test_all_inline_policies_of_a_role_together_are_bounded(bridge: IamBridge):
    role(bridge)
    half = allow("s3:*", Sid="x" * 6_000)
    bridge.iam.put_role_policy(RoleName="deploy", PolicyName="one", PolicyDocument=half)
    bridge.iam.put_role_policy(RoleName="deploy", PolicyName="one", PolicyDocument=half)
    put = bridge.iam.put_role_policy
    assert refusal(put, RoleName="deploy", PolicyName="two", PolicyDocument=half) == (
        "LimitExceeded",
        "Maximum policy size of 10240 bytes exceeded for role deploy",
        409,
    )


def test_attaching_what_is_not_there_and_too_many(bridge: IamBridge):
    role(bridge)
    attach = bridge.iam.attach_role_policy
    nothing = "arn:aws:iam::aws:policy/Nothing"
    assert refusal(attach, RoleName="deploy", PolicyArn=nothing) == (
        "NoSuchEntity",
        f"Policy {nothing} does not exist or is not attachable.",
        404,
    )
    detach = bridge.iam.detach_role_policy
    assert refusal(detach, RoleName="deploy", PolicyArn=BASIC) == (
        "NoSuchEntity",
        f"Policy {BASIC} was not found.",
        404,
    )
    for number in range(MAX_ATTACHED_POLICIES):
        made = bridge.iam.create_policy(PolicyName=f"p{number}", PolicyDocument=allow("s3:*"))
        attach(RoleName="deploy", PolicyArn=made["Policy"]["Arn"])
        attach(RoleName="deploy", PolicyArn=made["Policy"]["Arn"])
    assert refusal(attach, RoleName="deploy", PolicyArn=BASIC) == (
        "LimitExceeded",
        "Cannot exceed quota for PoliciesPerRole: 10",
        409,
    )


def test_tags(bridge: IamBridge):
    role(bridge, Tags=[{"Key": "a", "Value": "1"}])
    bridge.iam.tag_role(RoleName="deploy", Tags=[{"Key": "A", "Value": "2"}, {"Key": "b", "Value": ""}])
    assert bridge.iam.list_role_tags(RoleName="deploy")["Tags"] == [
        {"Key": "A", "Value": "2"},
        {"Key": "b", "Value": ""},
    ]
    bridge.iam.untag_role(RoleName="deploy", TagKeys=["a", "none"])
    assert bridge.iam.get_role(RoleName="deploy")["Role"]["Tags"] == [{"Key": "b", "Value": ""}]
    twice = [{"Key": "c", "Value": "1"}, {"Key": "C", "Value": "2"}]
    assert refusal(bridge.iam.tag_role, RoleName="deploy", Tags=twice)[0] == "InvalidInput"
    reserved = [{"Key": "aws:x", "Value": "1"}]
    assert refusal(bridge.iam.tag_role, RoleName="deploy", Tags=reserved)[0] == "InvalidInput"
    many = [{"Key": f"k{number}", "Value": ""} for number in range(50)]
    assert refusal(bridge.iam.tag_role, RoleName="deploy", Tags=many)[0] == "LimitExceeded"


def test_permissions_boundaries(bridge: IamBridge):
    role(bridge, PermissionsBoundary=ADMIN)
    shown = bridge.iam.get_role(RoleName="deploy")["Role"]["PermissionsBoundary"]
    assert shown == {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": ADMIN}
    bridge.iam.put_role_permissions_boundary(RoleName="deploy", PermissionsBoundary=BASIC)
    bridge.iam.delete_role_permissions_boundary(RoleName="deploy")
    assert "PermissionsBoundary" not in bridge.iam.get_role(RoleName="deploy")["Role"]
    put = bridge.iam.put_role_permissions_boundary
    nothing = "arn:aws:iam::aws:policy/Nothing"
    assert refusal(put, RoleName="deploy", PermissionsBoundary=nothing) == (
        "NoSuchEntity",
        f"Scope ARN: {nothing} does not exist or is not attachable.",
        404,
    )


def test_pages_of_roles(bridge: IamBridge):
    for name in ("b", "A", "c", "d"):
        role(bridge, name, Path="/x/" if name != "d" else "/")
    pages = bridge.iam.get_paginator("list_roles").paginate(
        PathPrefix="/x/", PaginationConfig={"PageSize": 2}
    )
    assert [[one["RoleName"] for one in page["Roles"]] for page in pages] == [["A", "b"], ["c"]]
    first = bridge.iam.list_roles(MaxItems=1)
    assert first["IsTruncated"]
    bridge.iam.delete_role(RoleName="A")
    rest = bridge.iam.list_roles(Marker=first["Marker"])["Roles"]
    assert [one["RoleName"] for one in rest] == ["b", "c", "d"]
    assert refusal(bridge.iam.list_roles, Marker="ä")[0] == "ValidationError"


def test_a_role_that_is_deleted_and_made_again_is_another(bridge: IamBridge):
    first = role(bridge)
    bridge.iam.delete_role(RoleName="deploy")
    assert role(bridge)["RoleId"] != first["RoleId"]


def test_service_linked_roles_are_refused(bridge: IamBridge):
    code, message, _ = refusal(bridge.iam.create_service_linked_role, AWSServiceName="lambda.amazonaws.com")
    assert code == "ValidationError"
    assert "CreateServiceLinkedRole is not offered" in message
