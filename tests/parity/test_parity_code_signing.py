"""Code signing: configurations, the functions that have one, and what becomes of code nobody can verify.

Texts are those that the public suite recorded; these tests are not among the copied answers.
"""

from __future__ import annotations

from typing import Any

import pytest
from asking import archive, plain
from bridge import ACCOUNT, Bridge
from recordings import answer

FN = "signed-fn"
PROFILE = f"arn:aws:signer:us-east-1:{ACCOUNT}:/signing-profiles/test"
UNKNOWN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:code-signing-config:csc-01abcdefabcdefabc"


def config(aws: Bridge, policy: str = "Warn", **given: Any) -> str:
    made = aws.client.create_code_signing_config(
        AllowedPublishers={"SigningProfileVersionArns": [PROFILE]},
        CodeSigningPolicies={"UntrustedArtifactOnDeployment": policy},
        **given,
    )
    arn: str = made["CodeSigningConfig"]["CodeSigningConfigArn"]
    return arn


def refused(response: dict[str, Any]) -> tuple[str, int]:
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def error(call: Any, **params: Any) -> tuple[str, str]:
    response = answer(call, **params)
    return response["Error"]["Code"], response["Error"]["Message"]


def test_a_configuration_is_made_read_changed_and_deleted(aws: Bridge) -> None:
    publishers = {"SigningProfileVersionArns": [PROFILE]}
    made = aws.client.create_code_signing_config(AllowedPublishers=publishers, Description="one")
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    shown = made["CodeSigningConfig"]
    arn = shown["CodeSigningConfigArn"]
    assert arn == f"arn:aws:lambda:us-east-1:{ACCOUNT}:code-signing-config:{shown['CodeSigningConfigId']}"
    assert shown["CodeSigningPolicies"] == {"UntrustedArtifactOnDeployment": "Warn"}
    assert aws.client.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"] == shown
    policies = {"UntrustedArtifactOnDeployment": "Enforce"}
    changed = aws.client.update_code_signing_config(CodeSigningConfigArn=arn, CodeSigningPolicies=policies)
    assert changed["CodeSigningConfig"]["CodeSigningPolicies"] == policies
    assert changed["CodeSigningConfig"]["Description"] == "one"
    assert changed["CodeSigningConfig"]["AllowedPublishers"] == publishers
    deleted = aws.client.delete_code_signing_config(CodeSigningConfigArn=arn)
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert aws.client.list_code_signing_configs()["CodeSigningConfigs"] == []


@pytest.mark.parametrize(
    "operation",
    [
        "get_code_signing_config",
        "update_code_signing_config",
        "delete_code_signing_config",
        "list_functions_by_code_signing_config",
    ],
)
@pytest.mark.parametrize("arn", [UNKNOWN, UNKNOWN.replace(ACCOUNT, "222222222222")])
def test_a_configuration_that_does_not_exist_is_not_found(aws: Bridge, operation: str, arn: str) -> None:
    expected = f"The Lambda code signing configuration {arn} can not be found."
    call = getattr(aws.client, operation)
    assert error(call, CodeSigningConfigArn=arn) == ("ResourceNotFoundException", expected)


def test_lists_have_pages_and_all_of_them_together_every_item(aws: Bridge) -> None:
    arns = {config(aws) for _ in range(5)}
    pages = aws.client.get_paginator("list_code_signing_configs").paginate(PaginationConfig={"PageSize": 2})
    listed = [[item["CodeSigningConfigArn"] for item in page["CodeSigningConfigs"]] for page in pages]
    assert [len(page) for page in listed] == [2, 2, 1]
    assert {arn for page in listed for arn in page} == arns


def test_a_function_is_given_a_configuration_and_loses_it(aws: Bridge) -> None:
    plain(aws, FN)
    arn = config(aws)
    given = aws.client.put_function_code_signing_config(FunctionName=FN, CodeSigningConfigArn=arn)
    assert (given["CodeSigningConfigArn"], given["FunctionName"]) == (arn, FN)
    got = aws.client.get_function_code_signing_config(FunctionName=FN)
    assert (got["CodeSigningConfigArn"], got["FunctionName"]) == (arn, FN)
    users = aws.client.list_functions_by_code_signing_config(CodeSigningConfigArn=arn)
    assert users["FunctionArns"] == [f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{FN}"]
    taken = aws.client.delete_function_code_signing_config(FunctionName=FN)
    assert taken["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert aws.client.get_function_code_signing_config(FunctionName=FN).keys() == {"ResponseMetadata"}


def test_functions_of_a_configuration_come_in_pages_by_name(aws: Bridge) -> None:
    arn = config(aws)
    for name in ("c", "a", "b"):
        plain(aws, name, CodeSigningConfigArn=arn)
    list_functions = aws.client.list_functions_by_code_signing_config
    first = list_functions(CodeSigningConfigArn=arn, MaxItems=2)
    rest = list_functions(CodeSigningConfigArn=arn, MaxItems=2, Marker=first["NextMarker"])
    names = [arn.rpartition(":")[2] for arn in first["FunctionArns"] + rest["FunctionArns"]]
    assert names == ["a", "b", "c"]
    assert "NextMarker" not in rest


@pytest.mark.parametrize("operation", ["put", "get", "delete"])
def test_a_function_that_does_not_exist_has_no_configuration(aws: Bridge, operation: str) -> None:
    given = {"CodeSigningConfigArn": config(aws)} if operation == "put" else {}
    call = getattr(aws.client, f"{operation}_function_code_signing_config")
    code, message = error(call, FunctionName="nobody", **given)
    assert code == "ResourceNotFoundException"
    assert message == f"Function not found: arn:aws:lambda:us-east-1:{ACCOUNT}:function:nobody"


def test_a_function_cannot_have_a_configuration_that_does_not_exist(aws: Bridge) -> None:
    text = "The code signing configuration cannot be found. Check that the provided configuration is not deleted: "
    expected = ("CodeSigningConfigNotFoundException", f"{text}{UNKNOWN}.")
    plain(aws, FN)
    put = aws.client.put_function_code_signing_config
    assert error(put, FunctionName=FN, CodeSigningConfigArn=UNKNOWN) == expected
    # The configuration is looked for before the function.
    assert error(put, FunctionName="nobody", CodeSigningConfigArn=UNKNOWN) == expected
    assert error(lambda **_: plain(aws, "other", CodeSigningConfigArn=UNKNOWN)) == expected


def test_a_configuration_in_use_is_not_deleted(aws: Bridge) -> None:
    arn = config(aws)
    plain(aws, FN, CodeSigningConfigArn=arn)
    delete = aws.client.delete_code_signing_config
    assert refused(answer(delete, CodeSigningConfigArn=arn)) == ("ResourceConflictException", 409)
    aws.client.delete_function(FunctionName=FN)
    delete(CodeSigningConfigArn=arn)


def test_code_of_an_enforcing_configuration_is_refused(aws: Bridge) -> None:
    arn = config(aws, "Enforce")
    response = answer(lambda **_: plain(aws, FN, CodeSigningConfigArn=arn))
    assert refused(response) == ("CodeVerificationFailedException", 400)
    assert "lambdad cannot verify signatures" in response["Error"]["Message"]
    assert aws.client.list_functions()["Functions"] == []
    assert aws.client.list_functions_by_code_signing_config(CodeSigningConfigArn=arn)["FunctionArns"] == []


def test_enforcing_leaves_the_code_that_is_there_and_refuses_the_next(aws: Bridge) -> None:
    plain(aws, FN)
    layer = aws.client.publish_layer_version(LayerName="l", Content={"ZipFile": archive()})["LayerVersionArn"]
    before = aws.client.get_function_configuration(FunctionName=FN)
    aws.client.put_function_code_signing_config(FunctionName=FN, CodeSigningConfigArn=config(aws, "Enforce"))
    code = answer(aws.client.update_function_code, FunctionName=FN, ZipFile=archive("other"))
    assert refused(code) == ("CodeVerificationFailedException", 400)
    layers = answer(aws.client.update_function_configuration, FunctionName=FN, Layers=[layer])
    assert refused(layers) == ("CodeVerificationFailedException", 400)
    after = aws.client.get_function_configuration(FunctionName=FN)
    assert after["RevisionId"] == before["RevisionId"]
    aws.client.update_function_configuration(FunctionName=FN, Description="no code")


def test_code_of_a_warning_configuration_is_accepted_and_logged(
    aws: Bridge, caplog: pytest.LogCaptureFixture
) -> None:
    plain(aws, FN, CodeSigningConfigArn=config(aws))
    aws.client.update_function_code(FunctionName=FN, ZipFile=archive("other"))
    told = [
        record for record in caplog.records if getattr(record, "event", "") == "function.code_not_verified"
    ]
    assert len(told) == 2


def test_a_configuration_has_tags(aws: Bridge) -> None:
    arn = config(aws, Tags={"one": "1"})
    aws.client.tag_resource(Resource=arn, Tags={"two": "2"})
    aws.client.untag_resource(Resource=arn, TagKeys=["one"])
    assert aws.client.list_tags(Resource=arn)["Tags"] == {"two": "2"}
    assert error(aws.client.list_tags, Resource=UNKNOWN)[0] == "ResourceNotFoundException"
