"""STS, by boto3: who may have which session, for how long, and who it then is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from iam_cases import ADMIN, BASIC, ROOT, allow, document, refusal, role, trust, user_with_key

from lambdad.domain.http import Caller, Request
from lambdad.domain.policies.combined import Asked, Policies, combine
from lambdad.domain.scope import Scope
from lambdad.identity.principals import principal_of
from lambdad.identity.sts import caller_keys
from tests.fakes.iam_bridge import ACCOUNT, OTHER_ACCOUNT, IamBridge

ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/deploy"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"


def session(bridge: IamBridge, sts: Any = None, **more: Any) -> Any:
    return (sts or bridge.sts).assume_role(RoleArn=ROLE_ARN, RoleSessionName="ci", **more)


def may(bridge: IamBridge, credentials: Any, action: str) -> bool:
    """Whether a session may do something, by the policies that bind it and what it says of itself."""
    key = bridge.directory.key(
        credentials["AccessKeyId"], credentials.get("SessionToken"), bridge.clock.now()
    )
    assert key is not None
    grants = bridge.directory.grants(key.who)
    assert grants is not None
    request = Request("POST", "/", (), {}, b"", Caller(Scope(ACCOUNT)), "", "http://x")
    keys = caller_keys(request, key.who, bridge.clock.now())
    asked = Asked(principal_of(key.who), key.who.arn, action, "*", keys)
    return combine(asked, Policies(grants.identity, grants.boundary, grants.session)).allowed


def test_a_session_of_a_role_is_who_aws_says_it_is(bridge: IamBridge):
    made = role(bridge, trusted=trust({"AWS": ROOT}))
    answer = session(bridge)
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/ci"
    assert answer["AssumedRoleUser"] == {"AssumedRoleId": f"{made['RoleId']}:ci", "Arn": arn}
    assert "PackedPolicySize" not in answer
    credentials = answer["Credentials"]
    assert credentials["AccessKeyId"].startswith("ASIA")
    found = bridge.client("sts", credentials).get_caller_identity()
    assert (found["Arn"], found["UserId"], found["Account"]) == (arn, f"{made['RoleId']}:ci", ACCOUNT)


def test_a_role_with_a_path_has_sessions_without_it(bridge: IamBridge):
    made = role(bridge, trusted=trust({"AWS": ROOT}), Path="/team/x/")
    answer = bridge.sts.assume_role(RoleArn=made["Arn"], RoleSessionName="ci")
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/ci"


def test_assuming_a_role_is_its_last_use(bridge: IamBridge):
    role(bridge, trusted=trust({"AWS": ROOT}))
    session(bridge, bridge.client("sts", region="eu-west-1"))
    used = bridge.iam.get_role(RoleName="deploy")["Role"]["RoleLastUsed"]
    assert used["Region"] == "eu-west-1"
    assert used["LastUsedDate"].timestamp() == int(bridge.clock.now())


def test_a_session_ends_when_it_says(bridge: IamBridge):
    role(bridge, trusted=trust({"AWS": ROOT}), MaxSessionDuration=7_200)
    credentials = session(bridge, DurationSeconds=7_200)["Credentials"]
    assert credentials["Expiration"].timestamp() == int(bridge.clock.now()) + 7_200
    sts = bridge.client("sts", credentials)
    bridge.clock.now_s += 7_199
    assert sts.get_caller_identity()
    bridge.clock.now_s += 1
    assert refusal(sts.get_caller_identity)[:2] == (
        "ExpiredTokenException",
        "The security token included in the request is expired",
    )


def test_durations_have_bounds(bridge: IamBridge):
    role(bridge, trusted=trust({"AWS": "*"}))
    expected = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    assert refusal(session, bridge=bridge, DurationSeconds=3_601)[:2] == ("ValidationError", expected)
    code, message, _ = refusal(session, bridge=bridge, DurationSeconds=899)
    assert code == "ValidationError"
    assert "durationSeconds" in message
    bridge.iam.update_role(RoleName="deploy", MaxSessionDuration=43_200)
    chained = bridge.client("sts", session(bridge)["Credentials"])
    code, message, _ = refusal(session, bridge=bridge, sts=chained, DurationSeconds=3_601)
    assert (code, "role chaining" in message) == ("ValidationError", True)


@pytest.mark.parametrize(
    ("trusted", "policy", "allowed"),
    [
        ({"AWS": ALICE}, None, True),
        ({"AWS": ALICE}, "deny", False),
        ({"AWS": ROOT}, None, False),
        ({"AWS": ROOT}, "allow", True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:user/bob"}, "allow", False),
        ({"Service": "lambda.amazonaws.com"}, "allow", False),
    ],
)
def test_the_trust_policy_must_allow_and_when_it_means_the_account_so_must_the_caller_s(
    bridge: IamBridge, trusted: dict[str, str], policy: str | None, allowed: bool
):
    own = {
        None: None,
        "allow": allow("sts:AssumeRole"),
        "deny": allow("sts:AssumeRole").replace('"Allow"', '"Deny"'),
    }[policy]
    key = user_with_key(bridge, policy=own)
    role(bridge, trusted=trust(trusted))
    sts = bridge.client("sts", key)
    if allowed:
        assert session(bridge, sts)
        return
    expected = f"User: {ALICE} is not authorized to perform: sts:AssumeRole on resource: {ROLE_ARN}"
    assert refusal(session, bridge=bridge, sts=sts) == ("AccessDenied", expected, 403)


def test_a_role_that_is_not_there_is_refused_like_one_that_may_not_be_assumed(bridge: IamBridge):
    expected = f"User: {ROOT} is not authorized to perform: sts:AssumeRole on resource: {ROLE_ARN}"
    assert refusal(session, bridge=bridge) == ("AccessDenied", expected, 403)
    role(bridge)
    assert refusal(session, bridge=bridge) == ("AccessDenied", expected, 403)


def test_across_accounts_the_trust_policy_decides_with_the_caller_s_own(bridge: IamBridge):
    other = bridge.client("sts", account=OTHER_ACCOUNT)
    role(bridge, trusted=trust({"AWS": ROOT}))
    assert refusal(session, bridge=bridge, sts=other)[0] == "AccessDenied"
    bridge.iam.update_assume_role_policy(RoleName="deploy", PolicyDocument=trust({"AWS": OTHER_ACCOUNT}))
    answer = session(bridge, other)
    assert bridge.client("sts", answer["Credentials"]).get_caller_identity()["Account"] == ACCOUNT


def test_conditions_of_the_trust_policy(bridge: IamBridge):
    external = {"StringEquals": {"sts:ExternalId": "42"}}
    role(bridge, trusted=trust({"AWS": ROOT}, Condition=external))
    assert refusal(session, bridge=bridge)[0] == "AccessDenied"
    assert refusal(session, bridge=bridge, ExternalId="43")[0] == "AccessDenied"
    assert session(bridge, ExternalId="42")
    named = {"StringLike": {"sts:RoleSessionName": "ci"}}
    bridge.iam.update_assume_role_policy(
        RoleName="deploy", PolicyDocument=trust({"AWS": ROOT}, Condition=named)
    )
    assert session(bridge)


def test_tags_and_source_identity_need_their_own_permission(bridge: IamBridge):
    tags = [{"Key": "team", "Value": "a"}]
    role(bridge, trusted=trust({"AWS": ROOT}))
    assert refusal(session, bridge=bridge, Tags=tags)[1].endswith(f"sts:TagSession on resource: {ROLE_ARN}")
    assert "sts:SetSourceIdentity" in refusal(session, bridge=bridge, SourceIdentity="alice")[1]
    wide = json.loads(trust({"AWS": ROOT}))
    wide["Statement"][0]["Action"] = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    bridge.iam.update_assume_role_policy(RoleName="deploy", PolicyDocument=json.dumps(wide))
    answer = session(bridge, Tags=tags, SourceIdentity="alice")
    assert answer["SourceIdentity"] == "alice"
    assert answer["PackedPolicySize"] >= 1
    credentials = answer["Credentials"]
    key = bridge.directory.key(credentials["AccessKeyId"], credentials["SessionToken"], bridge.clock.now())
    assert key is not None
    assert (key.who.session_tags, key.who.source_identity) == ((("team", "a"),), "alice")


def test_session_policies_narrow_and_never_widen(bridge: IamBridge):
    role(bridge, trusted=trust({"AWS": ROOT}))
    bridge.iam.put_role_policy(RoleName="deploy", PolicyName="own", PolicyDocument=allow("s3:*", "logs:*"))
    wide = session(bridge)["Credentials"]
    narrow = session(bridge, Policy=allow("s3:*", "sqs:*"))["Credentials"]
    by_arn = session(bridge, PolicyArns=[{"arn": BASIC}])["Credentials"]
    found = {
        name: [
            may(bridge, one, action) for action in ("s3:GetObject", "logs:PutLogEvents", "sqs:SendMessage")
        ]
        for name, one in (("wide", wide), ("narrow", narrow), ("by_arn", by_arn))
    }
    assert found == {
        "wide": [True, True, False],
        "narrow": [True, False, False],
        "by_arn": [False, True, False],
    }


def test_session_policies_that_are_none(bridge: IamBridge):
    role(bridge, trusted=trust({"AWS": ROOT}))
    assert refusal(session, bridge=bridge, Policy="{}")[0] == "MalformedPolicyDocument"
    nothing = [{"arn": "arn:aws:iam::aws:policy/Nothing"}]
    assert refusal(session, bridge=bridge, PolicyArns=nothing)[0] == "ValidationError"
    eleven = [{"arn": BASIC}] * 11
    assert refusal(session, bridge=bridge, PolicyArns=eleven)[0] == "ValidationError"


def test_a_change_of_the_role_is_felt_by_its_sessions(bridge: IamBridge):
    role(bridge, trusted=trust({"AWS": ROOT}))
    credentials = session(bridge)["Credentials"]
    assert not may(bridge, credentials, "s3:GetObject")
    epoch = bridge.directory.epoch
    bridge.iam.attach_role_policy(RoleName="deploy", PolicyArn=ADMIN)
    assert bridge.directory.epoch > epoch
    assert may(bridge, credentials, "s3:GetObject")


def test_sessions_of_a_role_that_is_gone_or_made_anew_may_do_nothing(bridge: IamBridge):
    role(bridge, trusted=trust({"AWS": ROOT}))
    credentials = session(bridge)["Credentials"]
    bridge.iam.delete_role(RoleName="deploy")
    assert not may(bridge, credentials, "s3:GetObject")
    role(bridge, trusted=trust({"AWS": ROOT}))
    bridge.iam.attach_role_policy(RoleName="deploy", PolicyArn=ADMIN)
    assert not may(bridge, credentials, "s3:GetObject")


def test_session_tokens_of_users_and_of_the_root(bridge: IamBridge):
    key = user_with_key(bridge, policy=allow("s3:*"))
    credentials = bridge.client("sts", key).get_session_token(DurationSeconds=900)["Credentials"]
    assert credentials["Expiration"].timestamp() == int(bridge.clock.now()) + 900
    found = bridge.client("sts", credentials)
    assert found.get_caller_identity()["Arn"] == ALICE
    assert may(bridge, credentials, "s3:GetObject")
    assert refusal(found.get_session_token) == (
        "AccessDenied",
        "Cannot call GetSessionToken with session credentials",
        403,
    )
    of_root = bridge.sts.get_session_token()["Credentials"]
    assert of_root["Expiration"].timestamp() == int(bridge.clock.now()) + 3_600
    assert bridge.client("sts", of_root).get_caller_identity()["Arn"] == ROOT
    by_default = bridge.client("sts", key).get_session_token()["Credentials"]
    lasts = timedelta(seconds=by_default["Expiration"].timestamp() - int(bridge.clock.now()))
    assert lasts == timedelta(hours=12)


def test_what_is_not_offered_is_refused(bridge: IamBridge):
    role(bridge, trusted=trust({"AWS": ROOT}))
    tags = {"Tags": [{"Key": "a", "Value": "b"}], "TransitiveTagKeys": ["a"]}
    assert refusal(session, bridge=bridge, **tags)[0] == "ValidationError"
    assert refusal(bridge.sts.get_session_token, SerialNumber="GAHT12345678", TokenCode="123456")[0] == (
        "AccessDenied"
    )


def test_older_sessions_are_revoked_by_the_time_they_were_issued(bridge: IamBridge):
    role(bridge, trusted=trust({"AWS": ROOT}))
    bridge.iam.put_role_policy(RoleName="deploy", PolicyName="own", PolicyDocument=allow("s3:*"))
    older = session(bridge)["Credentials"]
    bridge.clock.now_s += 60
    cut = datetime.fromtimestamp(bridge.clock.now() - 30, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    revoking = document(
        {
            "Effect": "Deny",
            "Action": ["*"],
            "Resource": ["*"],
            "Condition": {"DateLessThan": {"aws:TokenIssueTime": cut}},
        }
    )
    bridge.iam.put_role_policy(
        RoleName="deploy", PolicyName="AWSRevokeOlderSessions", PolicyDocument=revoking
    )
    newer = session(bridge)["Credentials"]
    assert (may(bridge, older, "s3:GetObject"), may(bridge, newer, "s3:GetObject")) == (False, True)


def test_the_boundary_of_a_role_binds_its_sessions(bridge: IamBridge):
    role(bridge, trusted=trust({"AWS": ROOT}), PermissionsBoundary=BASIC)
    bridge.iam.attach_role_policy(RoleName="deploy", PolicyArn=ADMIN)
    credentials = session(bridge)["Credentials"]
    assert may(bridge, credentials, "logs:PutLogEvents")
    assert not may(bridge, credentials, "s3:GetObject")


def test_a_user_has_what_its_groups_have(bridge: IamBridge):
    key = user_with_key(bridge)
    bridge.iam.create_group(GroupName="team")
    bridge.iam.put_group_policy(GroupName="team", PolicyName="own", PolicyDocument=allow("s3:*"))
    assert not may(bridge, key, "s3:GetObject")
    bridge.iam.add_user_to_group(UserName="alice", GroupName="team")
    assert may(bridge, key, "s3:GetObject")
