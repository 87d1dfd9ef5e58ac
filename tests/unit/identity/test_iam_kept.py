"""What IAM keeps, in the catalogue's own file: there after a restart, and no secret in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from iam_cases import ADMIN, BASIC, LAMBDA, allow, trust, user_with_key

from lambdad.storage.sqlite.catalogue_sqlite import SqliteCatalogue
from tests.fakes.iam_bridge import ACCOUNT, IamBridge


def everything(bridge: IamBridge) -> dict[str, Any]:
    """All that reading answers."""
    iam = bridge.iam
    names = {"RoleName": "deploy"}
    arn = f"arn:aws:iam::{ACCOUNT}:policy/team/read"
    answers = {
        "role": iam.get_role(**names)["Role"],
        "attached": iam.list_attached_role_policies(**names)["AttachedPolicies"],
        "inline": iam.get_role_policy(**names, PolicyName="own")["PolicyDocument"],
        "policy": iam.get_policy(PolicyArn=arn)["Policy"],
        "versions": iam.list_policy_versions(PolicyArn=arn)["Versions"],
        "user": iam.get_user(UserName="alice")["User"],
        "keys": iam.list_access_keys(UserName="alice")["AccessKeyMetadata"],
        "groups": iam.list_groups_for_user(UserName="alice")["Groups"],
    }
    return json.loads(json.dumps(answers, default=str))


def fill(bridge: IamBridge) -> Any:
    iam = bridge.iam
    iam.create_role(
        RoleName="deploy",
        Path="/x/",
        AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}),
        Description="ä",
        PermissionsBoundary=ADMIN,
        Tags=[{"Key": "a", "Value": "b"}],
    )
    iam.attach_role_policy(RoleName="deploy", PolicyArn=BASIC)
    iam.put_role_policy(RoleName="deploy", PolicyName="own", PolicyDocument=allow("s3:*"))
    arn = iam.create_policy(PolicyName="read", Path="/team/", PolicyDocument=allow("s3:*"))["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=allow("sqs:*"), SetAsDefault=True)
    key = user_with_key(bridge)
    iam.create_group(GroupName="team")
    iam.add_user_to_group(UserName="alice", GroupName="team")
    return key


def test_everything_reads_the_same_after_a_restart(tmp_path: Path):
    catalogue = SqliteCatalogue(tmp_path / "catalogue.db")
    with IamBridge(catalogue.resources) as bridge:
        key = fill(bridge)
        before = everything(bridge)
    catalogue.close()
    catalogue = SqliteCatalogue(tmp_path / "catalogue.db")
    with IamBridge(catalogue.resources) as bridge:
        assert everything(bridge) == before
        found = bridge.directory.key(key["AccessKeyId"], None, bridge.clock.now())
        assert found is not None
        assert found.secret == key["SecretAccessKey"]
    catalogue.close()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert key["AccessKeyId"].encode() in content
    assert key["SecretAccessKey"].encode() not in content


def test_what_is_deleted_stays_deleted(tmp_path: Path):
    catalogue = SqliteCatalogue(tmp_path / "catalogue.db")
    with IamBridge(catalogue.resources) as bridge:
        bridge.iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=LAMBDA)
        bridge.iam.delete_role(RoleName="deploy")
    with IamBridge(catalogue.resources) as bridge:
        assert bridge.iam.list_roles()["Roles"] == []
    catalogue.close()
