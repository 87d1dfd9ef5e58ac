"""What the policy simulator answers, by boto3."""

from __future__ import annotations

import json
from typing import Any

from iam_cases import BASIC, allow, document, refusal, role, user_with_key

from tests.fakes.iam_bridge import ACCOUNT, IamBridge

ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/deploy"
USER_ARN = f"arn:aws:iam::{ACCOUNT}:user/alice"
BUCKET = "arn:aws:s3:::b"


def decisions(answer: Any) -> dict[tuple[str, str], str]:
    return {
        (one["EvalActionName"], one["EvalResourceName"]): one["EvalDecision"]
        for one in answer["EvaluationResults"]
    }


def test_what_given_policies_would_allow(bridge: IamBridge):
    deny = document({"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"})
    answer = bridge.iam.simulate_custom_policy(
        PolicyInputList=[allow("s3:*", resource=f"{BUCKET}/*"), deny],
        ActionNames=["s3:GetObject", "s3:DeleteObject"],
        ResourceArns=[f"{BUCKET}/k", "arn:aws:s3:::c/k"],
    )
    assert decisions(answer) == {
        ("s3:GetObject", f"{BUCKET}/k"): "allowed",
        ("s3:GetObject", "arn:aws:s3:::c/k"): "implicitDeny",
        ("s3:DeleteObject", f"{BUCKET}/k"): "explicitDeny",
        ("s3:DeleteObject", "arn:aws:s3:::c/k"): "explicitDeny",
    }
    matched = [one["MatchedStatements"] for one in answer["EvaluationResults"]]
    sources = [[statement["SourcePolicyId"] for statement in one] for one in matched]
    assert sources == [["PolicyInputList.1"], [], ["PolicyInputList.2"], ["PolicyInputList.2"]]


def test_keys_that_lack_are_told_and_those_given_are_used(bridge: IamBridge):
    only = allow("s3:*", Condition={"StringEquals": {"aws:PrincipalTag/team": "a"}})
    ask: dict[str, Any] = {"PolicyInputList": [only], "ActionNames": ["s3:GetObject"]}
    (lacking,) = bridge.iam.simulate_custom_policy(**ask)["EvaluationResults"]
    assert (lacking["EvalDecision"], lacking["EvalResourceName"]) == ("implicitDeny", "*")
    assert lacking["MissingContextValues"] == ["aws:principaltag/team"]
    entry = {
        "ContextKeyName": "aws:PrincipalTag/team",
        "ContextKeyValues": ["a"],
        "ContextKeyType": "string",
    }
    (given,) = bridge.iam.simulate_custom_policy(**ask, ContextEntries=[entry])["EvaluationResults"]
    assert (given["EvalDecision"], given["MissingContextValues"]) == ("allowed", [])


def test_boundaries_and_resource_policies_take_part(bridge: IamBridge):
    ask: dict[str, Any] = {
        "PolicyInputList": [allow("s3:*")],
        "ActionNames": ["s3:GetObject", "s3:PutObject"],
    }
    bounded = bridge.iam.simulate_custom_policy(**ask, PermissionsBoundaryPolicyInputList=[allow("s3:Get*")])[
        "EvaluationResults"
    ]
    assert [one["EvalDecision"] for one in bounded] == ["allowed", "implicitDeny"]
    assert [one["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"] for one in bounded] == [
        True,
        False,
    ]
    closed = document({"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "*"})
    resource = bridge.iam.simulate_custom_policy(**ask, ResourcePolicy=closed, CallerArn=USER_ARN)
    assert [one["EvalDecision"] for one in resource["EvaluationResults"]] == ["allowed", "explicitDeny"]
    assert refusal(bridge.iam.simulate_custom_policy, **ask, ResourcePolicy=closed)[0] == "InvalidInput"


def test_what_a_role_may_do(bridge: IamBridge):
    role(bridge)
    bridge.iam.attach_role_policy(RoleName="deploy", PolicyArn=BASIC)
    bridge.iam.put_role_policy(RoleName="deploy", PolicyName="own", PolicyDocument=allow("s3:*"))
    ask: dict[str, Any] = {
        "PolicySourceArn": ROLE_ARN,
        "ActionNames": ["logs:PutLogEvents", "s3:GetObject", "sqs:SendMessage"],
    }
    answer = bridge.iam.simulate_principal_policy(**ask)
    assert list(decisions(answer).values()) == ["allowed", "allowed", "implicitDeny"]
    sources = [one["MatchedStatements"] for one in answer["EvaluationResults"]]
    assert [[one["SourcePolicyId"] for one in found] for found in sources] == [
        ["AWSLambdaBasicExecutionRole"],
        ["own"],
        [],
    ]
    more = bridge.iam.simulate_principal_policy(**ask, PolicyInputList=[allow("sqs:*")])
    assert set(decisions(more).values()) == {"allowed"}
    bridge.iam.put_role_permissions_boundary(RoleName="deploy", PermissionsBoundary=BASIC)
    bounded = bridge.iam.simulate_principal_policy(**ask)
    assert list(decisions(bounded).values()) == ["allowed", "implicitDeny", "implicitDeny"]


def test_a_user_with_its_groups(bridge: IamBridge):
    user_with_key(bridge)
    bridge.iam.create_group(GroupName="team")
    bridge.iam.put_group_policy(GroupName="team", PolicyName="own", PolicyDocument=allow("s3:*"))
    bridge.iam.add_user_to_group(UserName="alice", GroupName="team")
    answer = bridge.iam.simulate_principal_policy(PolicySourceArn=USER_ARN, ActionNames=["s3:GetObject"])
    assert set(decisions(answer).values()) == {"allowed"}


def test_pages_of_results(bridge: IamBridge):
    actions = [f"s3:Get{number}" for number in range(5)]
    pages = bridge.iam.get_paginator("simulate_custom_policy").paginate(
        PolicyInputList=[allow("s3:*")], ActionNames=actions, PaginationConfig={"PageSize": 2}
    )
    found = [[one["EvalActionName"] for one in page["EvaluationResults"]] for page in pages]
    assert found == [actions[:2], actions[2:4], actions[4:]]


def test_bad_questions(bridge: IamBridge):
    custom, principal = bridge.iam.simulate_custom_policy, bridge.iam.simulate_principal_policy
    ask = {"ActionNames": ["s3:GetObject"]}
    assert refusal(custom, PolicyInputList=["{}"], **ask)[0] == "InvalidInput"
    many = [f"{BUCKET}/{number}" for number in range(101)]
    actions = [f"s3:Get{number}" for number in range(100)]
    code, message, _ = refusal(
        custom, PolicyInputList=[allow("s3:*")], ActionNames=actions, ResourceArns=many
    )
    assert (code, "10000" in message) == ("InvalidInput", True)
    assert refusal(principal, PolicySourceArn=ROLE_ARN, **ask)[0] == "NoSuchEntity"
    assert refusal(principal, PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:root", **ask)[0] == "InvalidInput"
    caller = {"CallerArn": "x" * 20, "ResourcePolicy": json.dumps({})}
    assert refusal(custom, PolicyInputList=[allow("s3:*")], **caller, **ask)[0] == "InvalidInput"
