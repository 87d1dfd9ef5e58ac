"""Policies of layer versions, by boto3, in AWS's words.

The answers are those that AWS gave to the public suite of LocalStack
(tests/aws/services/lambda_/test_lambda_api.snapshot.json, TestLambdaLayer test_layer_policy_lifecycle and _exceptions, recorded in 2023 and 2024); they are not among
the copied groups.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from asking import archive
from bridge import ACCOUNT, Bridge
from policy_words import MUST_MATCH, ONE_VIOLATION, document, error, invalid, missing, outdated, taken

LAYER = f"arn:aws:lambda:us-east-1:{ACCOUNT}:layer:my-layer"


def layered(aws: Bridge) -> Any:
    aws.client.publish_layer_version(LayerName="my-layer", Content={"ZipFile": archive()})
    return aws.client


def layer_statement(sid: str) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": "*",
        "Action": "lambda:GetLayerVersion",
        "Resource": f"{LAYER}:1",
    }


GET = {"LayerName": "my-layer", "VersionNumber": 1}
SHARED = {**GET, "Action": "lambda:GetLayerVersion", "Principal": "*"}


def test_a_layers_policy_grows_and_shrinks_with_its_revision_id(aws: Bridge):
    client = layered(aws)
    first = client.add_layer_version_permission(StatementId="s1", **SHARED)
    assert first["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert first["Statement"] == json.dumps(layer_statement("s1"), separators=(",", ":"))
    got = client.get_layer_version_policy(**GET)
    assert got["RevisionId"] == first["RevisionId"]
    assert got["Policy"] == json.dumps(document(layer_statement("s1")), separators=(",", ":"))
    second = client.add_layer_version_permission(StatementId="s2", RevisionId=first["RevisionId"], **SHARED)
    got = client.get_layer_version_policy(**GET)
    assert got["RevisionId"] == second["RevisionId"] != first["RevisionId"]
    assert json.loads(got["Policy"]) == document(layer_statement("s1"), layer_statement("s2"))
    removed = client.remove_layer_version_permission(StatementId="s2", RevisionId=second["RevisionId"], **GET)
    assert removed["ResponseMetadata"]["HTTPStatusCode"] == 204
    got = client.get_layer_version_policy(**GET)
    assert got["RevisionId"] not in (first["RevisionId"], second["RevisionId"])
    assert json.loads(got["Policy"]) == document(layer_statement("s1"))


def test_who_a_layer_is_shared_with_is_written_as_aws_does(aws: Bridge):
    client = layered(aws)
    add = partial(client.add_layer_version_permission, **GET, Action="lambda:GetLayerVersion")
    account = add(StatementId="a", Principal="222222222222")
    assert json.loads(account["Statement"])["Principal"] == {"AWS": "arn:aws:iam::222222222222:root"}
    organization = add(StatementId="o", Principal="*", OrganizationId="o-1234567890")
    assert json.loads(organization["Statement"]) == {
        **layer_statement("o"),
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}},
    }
    refused = error(add, StatementId="x", Principal="222222222222", OrganizationId="o-1234567890")
    assert refused[:2] == invalid("")[:2]


def test_what_a_layers_policy_refuses_it_refuses_in_awss_words(aws: Bridge):
    client = layered(aws)
    add, get = client.add_layer_version_permission, client.get_layer_version_policy
    remove = client.remove_layer_version_permission
    assert error(get, **GET) == missing("No policy is associated with the given resource.")
    add(StatementId="s1", **SHARED)
    assert error(add, StatementId="s2", **(SHARED | {"Action": "*"})) == (
        400,
        "ValidationException",
        f"{ONE_VIOLATION} Value '*' at 'action' {MUST_MATCH} lambda:GetLayerVersion",
    )
    assert error(add, StatementId="s1", **SHARED) == taken("s1")
    assert error(add, StatementId="s2", RevisionId="wrong", **SHARED) == outdated("GetLayerPolicy")
    assert error(remove, StatementId="s1", RevisionId="wrong", **GET) == outdated("GetLayerPolicy")
    assert error(remove, StatementId="doesnotexist", **GET) == missing(
        "Statement doesnotexist is not found in resource policy."
    )
    for changed, arn in (
        ({"LayerName": "my-layer-doesnotexist"}, f"{LAYER}-doesnotexist:1"),
        ({"VersionNumber": 2}, f"{LAYER}:2"),
    ):
        nothing = missing(f"Layer version {arn} does not exist.")
        assert error(add, StatementId="s1", **(SHARED | changed)) == nothing
        assert error(get, **(GET | changed)) == nothing
        assert error(remove, StatementId="s1", **(GET | changed)) == nothing


def test_a_layers_policy_goes_with_its_version(aws: Bridge):
    client = layered(aws)
    client.add_layer_version_permission(StatementId="s1", **SHARED)
    client.delete_layer_version(**GET)
    assert error(client.get_layer_version_policy, **GET) == missing(
        f"Layer version {LAYER}:1 does not exist."
    )
