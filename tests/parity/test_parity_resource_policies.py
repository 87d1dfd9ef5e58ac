"""Policies of functions as whole documents, by boto3.

No answer to these operations is recorded; where AWS has words of its own for the same, they are those.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from bridge import ACCOUNT, Bridge
from policy_words import (
    ARN,
    FN,
    NOTHING,
    S3,
    alias,
    document,
    error,
    invalid,
    made,
    missing,
    outdated,
    statement,
)


def text(*statements: dict[str, Any]) -> str:
    """As people write it, with blanks."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=2)


DENY = {
    "Sid": "not-from-there",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "lambda:*",
    "Resource": [ARN, f"{ARN}:*"],
    "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
}


def test_a_document_is_put_read_and_deleted_as_it_came(aws: Bridge):
    client = made(aws)
    put = client.put_resource_policy(ResourceArn=ARN, Policy=text(DENY))
    got = client.get_resource_policy(ResourceArn=ARN)
    assert (put["Policy"], put["RevisionId"]) == (got["Policy"], got["RevisionId"])
    assert got["Policy"] == text(DENY)
    assert client.delete_resource_policy(ResourceArn=ARN)["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert error(client.get_resource_policy, ResourceArn=ARN) == missing(NOTHING)
    assert error(client.delete_resource_policy, ResourceArn=ARN) == missing(
        "No policy is associated with the given resource."
    )


def test_statements_and_whole_documents_are_one_policy(aws: Bridge):
    client = made(aws)
    client.add_permission(FunctionName=FN, StatementId="s3", **S3)
    assert client.get_resource_policy(ResourceArn=ARN)["Policy"] == json.dumps(
        document(statement("s3")), separators=(",", ":")
    )
    client.put_resource_policy(ResourceArn=ARN, Policy=json.dumps({"Statement": DENY}))
    client.add_permission(FunctionName=FN, StatementId="s3", **S3)
    assert json.loads(client.get_policy(FunctionName=FN)["Policy"]) == {"Statement": [DENY, statement("s3")]}
    client.remove_permission(FunctionName=FN, StatementId="not-from-there")
    assert json.loads(client.get_resource_policy(ResourceArn=ARN)["Policy"]) == {
        "Statement": [statement("s3")]
    }


def test_an_outdated_revision_replaces_and_deletes_nothing(aws: Bridge):
    client = made(aws)
    old = client.put_resource_policy(ResourceArn=ARN, Policy=text(DENY))["RevisionId"]
    new = client.put_resource_policy(ResourceArn=ARN, Policy=text(statement("s3")), RevisionId=old)
    for call in (partial(client.put_resource_policy, Policy=text(DENY)), client.delete_resource_policy):
        assert error(call, ResourceArn=ARN, RevisionId=old) == outdated("GetResourcePolicy")
    assert client.get_resource_policy(ResourceArn=ARN)["Policy"] == text(statement("s3"))
    client.delete_resource_policy(ResourceArn=ARN, RevisionId=new["RevisionId"])


@pytest.mark.parametrize("qualifier", ["1", "live"])
def test_versions_and_aliases_have_documents_of_their_own(aws: Bridge, qualifier: str):
    client = made(aws)
    client.publish_version(FunctionName=FN)
    alias(aws, "live", "1")
    arn = f"{ARN}:{qualifier}"
    client.put_resource_policy(ResourceArn=arn, Policy=text(statement("s3", arn)))
    assert client.get_policy(FunctionName=FN, Qualifier=qualifier)["Policy"] == text(statement("s3", arn))
    assert error(client.get_resource_policy, ResourceArn=ARN) == missing(NOTHING)


INVALID = [
    "no json",
    "[]",
    "{}",
    text(),
    text(statement("a"), statement("a")),
    text({**statement("a"), "Effect": "Maybe"}),
    text({**statement("a"), "Action": "s3:GetObject"}),
    text({**statement("a"), "Action": "lambda:DoNothing"}),
    text({**statement("a"), "Resource": ARN + "x"}),
    text({**statement("a"), "Resource": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:other"}),
    text({**statement("a"), "Resource": "arn:aws:s3:::bucket"}),
    text({**statement("a"), "Principal": {"AWS": "nobody"}}),
    text({**statement("a"), "Principal": {"Service": "nobody"}}),
    text({**statement("a"), "Condition": {"StringIs": {"aws:SourceAccount": "1"}}}),
    text({name: value for name, value in statement("a").items() if name != "Principal"}),
    text({name: value for name, value in statement("a").items() if name != "Resource"}),
    json.dumps({"Statement": statement("a"), "Version": "2020-01-01"}),
    '{"Statement": ' + "[" * 5_000 + "]" * 5_000 + "}",
]


@pytest.mark.parametrize("policy", INVALID)
def test_a_document_that_is_no_policy_of_this_function_is_refused(aws: Bridge, policy: str):
    client = made(aws)
    assert error(client.put_resource_policy, ResourceArn=ARN, Policy=policy)[:2] == invalid("")[:2]
    assert error(client.get_resource_policy, ResourceArn=ARN) == missing(NOTHING)


def test_a_document_may_name_all_of_a_functions_versions_and_aliases(aws: Bridge):
    resources = ["*", ARN, f"{ARN}:*", f"{ARN}:prod-*", "arn:aws:lambda:*:*:function:*"]
    made(aws).put_resource_policy(ResourceArn=ARN, Policy=text({**DENY, "Resource": resources}))


def test_whole_documents_of_other_things_are_refused(aws: Bridge):
    client = made(aws)
    put = partial(error, client.put_resource_policy, Policy=text(DENY))
    assert put(ResourceArn=f"{ARN}:$LATEST") == invalid(
        "We currently do not support adding policies for $LATEST."
    )
    assert put(ResourceArn=ARN + "x") == missing(f"Function not found: {ARN}x")
    assert put(ResourceArn=f"{ARN}:7") == missing(f"Function not found: {ARN}:7")
    assert put(ResourceArn=f"{ARN}:live") == missing(f"Cannot find alias arn: {ARN}:live")
    assert put(ResourceArn=ARN.replace(ACCOUNT, "999999999999"))[:2] == (403, "AccessDeniedException")
    assert put(ResourceArn=ARN.replace("us-east-1", "eu-west-1"))[1] == "ResourceNotFoundException"
    assert put(ResourceArn=f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{'f' * 300}")[:2] == missing("")[:2]
    runtime = f"arn:aws:lambda:us-east-1:{ACCOUNT}:runtime/mine"
    for call in (
        put,
        partial(error, client.get_resource_policy),
        partial(error, client.delete_resource_policy),
    ):
        status, code, words = call(ResourceArn=runtime)
        assert (status, code) == invalid("")[:2] and "not offered by lambdad" in words


def test_a_document_of_many_bytes_in_few_characters_is_too_long(aws: Bridge):
    policy = text({**statement("s3"), "Condition": {"StringEquals": {"aws:userid": "ü" * 11_000}}})
    policy = policy.replace("\\u00fc", "ü")
    assert len(policy) < 20_480 < len(policy.encode())
    status, code, _ = error(made(aws).put_resource_policy, ResourceArn=ARN, Policy=policy)
    assert (status, code) == (400, "PolicyLengthExceededException")
