"""Policies of functions, statement by statement, by boto3.

The answers are those that AWS gave to the public suite of LocalStack
(tests/aws/services/lambda_/test_lambda_api.snapshot.json, TestLambdaPermissions and TestLambdaRevisions, recorded in 2023 and 2024); they are not among
the copied groups.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from bridge import ACCOUNT, Bridge
from policy_words import (
    ARN,
    BUCKET,
    FN,
    MUST_MATCH,
    NOTHING,
    ONE_VIOLATION,
    S3,
    alias,
    document,
    error,
    invalid,
    made,
    missing,
    outdated,
    statement,
    taken,
)

FIELDS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"Action": "lambda:InvokeFunction", "Principal": "*", "SourceAccount": ACCOUNT},
        {"Principal": "*", "Condition": {"StringEquals": {"AWS:SourceAccount": ACCOUNT}}},
    ),
    (
        {"Action": "lambda:InvokeFunction", "Principal": "lambda.amazonaws.com", "SourceAccount": ACCOUNT},
        {
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Condition": {"StringEquals": {"AWS:SourceAccount": ACCOUNT}},
        },
    ),
    (
        {"Action": "lambda:InvokeFunction", "Principal": ACCOUNT},
        {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}},
    ),
    (
        {"Action": "lambda:InvokeFunction", "Principal": f"arn:aws:iam::{ACCOUNT}:user/alice"},
        {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/alice"}},
    ),
    (
        {
            "Action": "lambda:InvokeFunctionUrl",
            "Principal": "*",
            "SourceArn": BUCKET,
            "SourceAccount": ACCOUNT,
            "PrincipalOrgID": "o-1234567890",
            "FunctionUrlAuthType": "NONE",
        },
        {
            "Principal": "*",
            "Action": "lambda:InvokeFunctionUrl",
            "Condition": {
                "StringEquals": {
                    "lambda:FunctionUrlAuthType": "NONE",
                    "aws:PrincipalOrgID": "o-1234567890",
                    "AWS:SourceAccount": ACCOUNT,
                },
                "ArnLike": {"AWS:SourceArn": BUCKET},
            },
        },
    ),
    (
        {"Action": "lambda:InvokeFunction", "Principal": "*", "EventSourceToken": "amzn1.ask.skill.x-x"},
        {
            "Principal": "*",
            "Condition": {"StringEquals": {"lambda:EventSourceToken": "amzn1.ask.skill.x-x"}},
        },
    ),
    (
        {"Action": "lambda:InvokeFunction", "Principal": "*", "InvokedViaFunctionUrl": True},
        {"Principal": "*", "Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}},
    ),
]


@pytest.mark.parametrize(("asked", "written"), FIELDS)
def test_a_statement_is_answered_as_text_member_for_member_in_awss_order(
    aws: Bridge, asked: dict[str, Any], written: dict[str, Any]
):
    added = made(aws).add_permission(FunctionName=FN, StatementId="s", **asked)
    assert added["ResponseMetadata"]["HTTPStatusCode"] == 201
    whole = {**statement("s"), **written}
    assert added["Statement"] == json.dumps(whole, separators=(",", ":"))
    policy = aws.client.get_policy(FunctionName=FN)
    assert policy["Policy"] == json.dumps(document(whole), separators=(",", ":"))


def test_statements_come_and_go_one_by_one(aws: Bridge):
    client = made(aws)
    client.add_permission(FunctionName=FN, StatementId="s3", **S3)
    client.add_permission(FunctionName=FN, StatementId="two", SourceArn=BUCKET, **S3)
    second = statement("two", Condition={"ArnLike": {"AWS:SourceArn": BUCKET}})
    assert json.loads(client.get_policy(FunctionName=FN)["Policy"]) == document(statement("s3"), second)
    unknown = missing("Statement non-existent is not found in resource policy.")
    assert error(client.remove_permission, FunctionName=FN, StatementId="non-existent") == unknown
    removed = client.remove_permission(FunctionName=FN, StatementId="two")
    assert removed["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert json.loads(client.get_policy(FunctionName=FN)["Policy"]) == document(statement("s3"))
    client.remove_permission(FunctionName=FN, StatementId="s3")
    assert error(client.get_policy, FunctionName=FN) == missing(NOTHING)


def test_what_cannot_be_added_is_refused_in_awss_words(aws: Bridge):
    client = made(aws)
    add = partial(error, client.add_permission, StatementId="s3", **S3)
    assert add(FunctionName=FN, StatementId="example.com") == (
        400,
        "ValidationException",
        f"{ONE_VIOLATION} Value 'example.com' at 'statementId' {MUST_MATCH} ([a-zA-Z0-9-_]+)",
    )
    assert add(FunctionName=f"{FN}:alias-not-42", Qualifier="42") == invalid(
        "The derived qualifier from the function name does not match the specified qualifier."
    )
    assert add(FunctionName=FN, Qualifier="$LATEST") == invalid(
        "We currently do not support adding policies for $LATEST."
    )
    unknown = invalid("The provided principal was invalid. Please check the principal and try again.")
    for principal in ("invalid.nonaws.com", "nobody", "123", "arn:aws:s3:::bucket", "arn:aws:iam::1:root"):
        assert add(FunctionName=FN, Principal=principal) == unknown
    assert add(FunctionName="doesnotexist") == missing(
        f"Function not found: arn:aws:lambda:us-east-1:{ACCOUNT}:function:doesnotexist"
    )
    assert add(FunctionName=f"{FN}:alias-doesnotexist") == missing(
        f"Cannot find alias arn: {ARN}:alias-doesnotexist"
    )
    assert add(FunctionName=FN, Qualifier="42") == missing(f"Function not found: {ARN}:42")
    assert add(FunctionName=FN, Qualifier="valid-with-$-but-doesnotexist") == missing(
        f"Function not found: {ARN}:valid-with-$-but-doesnotexist"
    )
    status, code, words = add(FunctionName=FN, Qualifier="invalid-qualifier-with-?-char")
    assert (status, code) == (400, "ValidationException")
    assert words.startswith(
        "1 validation error detected: Value 'invalid-qualifier-with-?-char' at 'qualifier'"
    )
    client.add_permission(FunctionName=FN, StatementId="s3", **S3)
    assert add(FunctionName=FN) == taken("s3")


def test_members_that_do_not_go_together_are_refused(aws: Bridge):
    add = partial(error, made(aws).add_permission, FunctionName=FN, StatementId="s", Principal="*")
    assert add(Action="lambda:InvokeFunction", FunctionUrlAuthType="NONE") == invalid(
        "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action"
    )
    assert add(Action="lambda:InvokeFunctionUrl", InvokedViaFunctionUrl=True)[:2] == invalid("")[:2]
    assert add(Action="lambda:InvokeFunction", EventSourceToken="t", SourceArn=BUCKET)[:2] == invalid("")[:2]
    assert add(Action="lambda:DoNothing")[:2] == invalid("")[:2]
    assert add(Action="s3:GetObject")[1] == "ValidationException"
    assert error(aws.client.get_policy, FunctionName=FN) == missing(NOTHING)


def test_what_has_no_policy_is_missing_in_awss_words(aws: Bridge):
    client = made(aws)
    nobody = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:doesnotexist"
    assert error(client.get_policy, FunctionName="doesnotexist") == missing(f"Function not found: {nobody}")
    for qualifier in ("77", "alias-doesnotexist"):
        assert error(client.get_policy, FunctionName=FN, Qualifier=qualifier) == missing(NOTHING)
    remove = partial(error, client.remove_permission, StatementId="s3")
    assert remove(FunctionName="doesnotexist") == missing(f"No policy found for: {nobody}")
    assert remove(FunctionName=FN) == missing("No policy is associated with the given resource.")
    assert remove(FunctionName=FN, Qualifier="alias-doesnotexist") == missing(
        f"Cannot find alias arn: {ARN}:alias-doesnotexist"
    )


def test_a_policy_has_the_revision_id_of_its_function(aws: Bridge):
    client = made(aws)
    before = client.get_function_configuration(FunctionName=FN)["RevisionId"]
    wrong = partial(error, client.add_permission, FunctionName=FN, StatementId="s3", **S3)
    assert wrong(RevisionId="wrong") == outdated("GetPolicy")
    client.add_permission(FunctionName=FN, StatementId="s3", RevisionId=before, **S3)
    added = client.get_policy(FunctionName=FN)["RevisionId"]
    assert added != before
    assert client.get_function_configuration(FunctionName=FN)["RevisionId"] == added
    remove = partial(client.remove_permission, FunctionName=FN, StatementId="s3")
    assert error(remove, RevisionId="wrong") == outdated("GetPolicy")
    remove(RevisionId=added)
    assert client.get_function_configuration(FunctionName=FN)["RevisionId"] not in (before, added)


def test_versions_and_aliases_have_policies_of_their_own(aws: Bridge):
    client = made(aws)
    client.add_permission(FunctionName=FN, StatementId="s3", SourceArn=BUCKET, **S3)
    client.publish_version(FunctionName=FN)
    alias(aws, "live", "1")
    assert error(client.get_policy, FunctionName=FN, Qualifier="1") == missing(NOTHING)
    add = partial(client.add_permission, StatementId="s3", SourceArn=BUCKET, **S3)
    add(FunctionName=f"{FN}:1", Qualifier="1")
    assert error(add, FunctionName=FN, Qualifier="live", RevisionId="wrong") == outdated("GetPolicy")
    add(FunctionName=f"{FN}:live", Qualifier="live", RevisionId="rev-live")
    for qualifier in ("1", "live"):
        policy = client.get_policy(FunctionName=FN, Qualifier=qualifier)
        assert json.loads(policy["Policy"])["Statement"][0]["Resource"] == f"{ARN}:{qualifier}"
    assert len(json.loads(client.get_policy(FunctionName=FN)["Policy"])["Statement"]) == 1
    assert client.get_policy(FunctionName=FN, Qualifier="live")["RevisionId"] != "rev-live"
    number = client.get_function_configuration(FunctionName=FN, Qualifier="1")["RevisionId"]
    assert client.get_policy(FunctionName=FN, Qualifier="1")["RevisionId"] == number


def test_a_policy_of_a_version_goes_with_it(aws: Bridge):
    client = made(aws)
    client.publish_version(FunctionName=FN)
    client.add_permission(FunctionName=FN, Qualifier="1", StatementId="s3", **S3)
    client.delete_function(FunctionName=FN, Qualifier="1")
    assert error(client.get_policy, FunctionName=FN, Qualifier="1") == missing(NOTHING)


def test_a_policy_grows_up_to_20_kb(aws: Bridge):
    client = made(aws)
    add = partial(client.add_permission, FunctionName=FN, **S3)
    long = f"arn:aws:s3:::{'b' * 9_000}"
    add(StatementId="a", SourceArn=long)
    add(StatementId="b", SourceArn=long)
    before = client.get_policy(FunctionName=FN)
    status, code, words = error(add, StatementId="c", SourceArn=long)
    assert (status, code) == (400, "PolicyLengthExceededException")
    grown = len(before["Policy"]) + len(json.dumps(statement("c"), separators=(",", ":"))) + 1
    grown += len(f',"Condition":{{"ArnLike":{{"AWS:SourceArn":"{long}"}}}}')
    assert words == f"The final policy size ({grown}) is bigger than the limit (20480)."
    after = client.get_policy(FunctionName=FN)
    assert (after["Policy"], after["RevisionId"]) == (before["Policy"], before["RevisionId"])


def test_a_source_arn_that_would_spoil_the_policy_is_refused(aws: Bridge):
    add = partial(error, made(aws).add_permission, FunctionName=FN, StatementId="s", **S3)
    assert add(SourceArn="arn:aws:s3:::${no variable}")[:2] == invalid("")[:2]
    assert error(aws.client.get_policy, FunctionName=FN) == missing(NOTHING)
