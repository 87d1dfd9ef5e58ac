"""Users with their access keys and groups, by boto3."""

from __future__ import annotations

import pytest
from iam_cases import ADMIN, BASIC, ROOT, allow, refusal, user_with_key

from tests.fakes.iam_bridge import ACCOUNT, IamBridge


def test_a_user_is_made_read_and_deleted(bridge: IamBridge):
    made = bridge.iam.create_user(UserName="alice", Path="/team/", Tags=[{"Key": "a", "Value": "b"}])["User"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/team/alice"
    assert made["UserId"].startswith("AIDA") and len(made["UserId"]) == 21
    assert bridge.iam.get_user(UserName="alice")["User"] == made
    listed = bridge.iam.list_users(PathPrefix="/team/")["Users"]
    assert [one["UserName"] for one in listed] == ["alice"]
    assert "Tags" not in listed[0]
    assert refusal(bridge.iam.create_user, UserName="alice") == (
        "EntityAlreadyExists",
        "User with name alice already exists.",
        409,
    )
    bridge.iam.delete_user(UserName="alice")
    expected = ("NoSuchEntity", "The user with name alice cannot be found.", 404)
    assert refusal(bridge.iam.get_user, UserName="alice") == expected
    assert refusal(bridge.iam.create_access_key, UserName="alice") == expected


def test_an_access_key_stands_for_its_user(bridge: IamBridge):
    key = user_with_key(bridge)
    assert key["AccessKeyId"].startswith("AKIA")
    assert (len(key["AccessKeyId"]), len(key["SecretAccessKey"])) == (20, 40)
    found = bridge.client("sts", key).get_caller_identity()
    user = bridge.iam.get_user(UserName="alice")["User"]
    assert (found["Arn"], found["UserId"], found["Account"]) == (user["Arn"], user["UserId"], ACCOUNT)
    assert bridge.client("iam", key).get_user()["User"] == user


def test_the_root_is_shown_as_itself(bridge: IamBridge):
    assert bridge.iam.get_user()["User"]["Arn"] == ROOT


def test_the_secret_is_answered_once_and_kept_sealed(bridge: IamBridge):
    key = user_with_key(bridge)
    listed = bridge.iam.list_access_keys(UserName="alice")["AccessKeyMetadata"]
    assert listed == [{name: key[name] for name in ("UserName", "AccessKeyId", "Status", "CreateDate")}]
    assert key["SecretAccessKey"] not in repr(bridge.resources.__dict__)


def test_a_key_that_is_switched_off_is_refused_until_it_is_on_again(bridge: IamBridge):
    key = user_with_key(bridge)
    sts = bridge.client("sts", key)
    change = {"UserName": "alice", "AccessKeyId": key["AccessKeyId"]}
    bridge.iam.update_access_key(**change, Status="Inactive")
    assert refusal(sts.get_caller_identity)[0] == "UnrecognizedClientException"
    bridge.iam.update_access_key(**change, Status="Active")
    assert sts.get_caller_identity()["Arn"].endswith("user/alice")


def test_a_key_that_is_deleted_is_nobodys(bridge: IamBridge):
    key = user_with_key(bridge)
    bridge.iam.delete_access_key(UserName="alice", AccessKeyId=key["AccessKeyId"])
    assert bridge.directory.key(key["AccessKeyId"], None, bridge.clock.now()) is None
    expected = ("NoSuchEntity", f"The Access Key with id {key['AccessKeyId']} cannot be found.", 404)
    delete = bridge.iam.delete_access_key
    assert refusal(delete, UserName="alice", AccessKeyId=key["AccessKeyId"]) == expected


def test_a_user_has_two_keys_at_most_and_may_rotate_them(bridge: IamBridge):
    first = user_with_key(bridge)
    own = bridge.client("iam", first)
    second = own.create_access_key()["AccessKey"]
    assert second["UserName"] == "alice"
    assert refusal(own.create_access_key) == (
        "LimitExceeded",
        "Cannot exceed quota for AccessKeysPerUser: 2",
        409,
    )
    bridge.client("iam", second).delete_access_key(AccessKeyId=first["AccessKeyId"])
    assert [one["AccessKeyId"] for one in own_keys(bridge, second)] == [second["AccessKeyId"]]


def own_keys(bridge: IamBridge, key: dict[str, str]) -> list[dict[str, str]]:
    return list(bridge.client("iam", key).list_access_keys()["AccessKeyMetadata"])


def test_another_users_key_is_not_found_under_ones_name(bridge: IamBridge):
    key = user_with_key(bridge)
    bridge.iam.create_user(UserName="bob")
    change = bridge.iam.update_access_key
    code, *_ = refusal(change, UserName="bob", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert code == "NoSuchEntity"


@pytest.mark.parametrize(
    ("give", "take"),
    [
        ("attach_user_policy", "detach_user_policy"),
        ("put_user_policy", "delete_user_policy"),
        ("add_user_to_group", "remove_user_from_group"),
    ],
)
def test_what_a_user_still_has_keeps_it(bridge: IamBridge, give: str, take: str):
    bridge.iam.create_user(UserName="alice")
    bridge.iam.create_group(GroupName="team")
    more = {
        "attach_user_policy": {"PolicyArn": BASIC},
        "put_user_policy": {"PolicyName": "own", "PolicyDocument": allow("s3:*")},
        "add_user_to_group": {"GroupName": "team"},
    }[give]
    getattr(bridge.iam, give)(UserName="alice", **more)
    assert refusal(bridge.iam.delete_user, UserName="alice")[0] == "DeleteConflict"
    more.pop("PolicyDocument", None)
    getattr(bridge.iam, take)(UserName="alice", **more)
    bridge.iam.delete_user(UserName="alice")


def test_a_user_with_a_key_is_not_deleted(bridge: IamBridge):
    user_with_key(bridge)
    assert refusal(bridge.iam.delete_user, UserName="alice") == (
        "DeleteConflict",
        "Cannot delete entity, must delete access keys first.",
        409,
    )


def test_groups(bridge: IamBridge):
    made = bridge.iam.create_group(GroupName="team", Path="/x/")["Group"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:group/x/team"
    assert made["GroupId"].startswith("AGPA")
    bridge.iam.create_user(UserName="alice")
    bridge.iam.add_user_to_group(UserName="alice", GroupName="team")
    bridge.iam.add_user_to_group(UserName="alice", GroupName="team")
    found = bridge.iam.get_group(GroupName="team")
    assert [one["UserName"] for one in found["Users"]] == ["alice"]
    assert found["Group"] == made
    assert bridge.iam.list_groups_for_user(UserName="alice")["Groups"] == [made]
    assert bridge.iam.list_groups()["Groups"] == [made]
    bridge.iam.attach_group_policy(GroupName="team", PolicyArn=ADMIN)
    bridge.iam.put_group_policy(GroupName="team", PolicyName="own", PolicyDocument=allow("s3:*"))
    assert refusal(bridge.iam.delete_group, GroupName="team") == (
        "DeleteConflict",
        "Cannot delete entity, must remove users from group first.",
        409,
    )
    bridge.iam.remove_user_from_group(UserName="alice", GroupName="team")
    assert refusal(bridge.iam.delete_group, GroupName="team")[0] == "DeleteConflict"
    bridge.iam.detach_group_policy(GroupName="team", PolicyArn=ADMIN)
    bridge.iam.delete_group_policy(GroupName="team", PolicyName="own")
    bridge.iam.delete_group(GroupName="team")
    add = bridge.iam.add_user_to_group
    assert refusal(add, UserName="alice", GroupName="team") == (
        "NoSuchEntity",
        "The group with name team cannot be found.",
        404,
    )
