"""AWS's names and bodies for every error, read back by botocore."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

import botocore.parsers
import pytest
from awsapi_oracle import SERVICES, a_request, oracle, parsed_by_botocore

from lambdad.awsapi import directory, error_bodies, faults, model
from lambdad.awsapi.scalars import NotSerializable
from lambdad.domain import errors
from lambdad.domain.http import Response

RID = "11111111-2222"
OURS_AND_YET_4XX = {"EFSMountFailureException"}
"""What AWS answers with 403 although no caller is at fault."""


def body_of(response: Response) -> dict[str, Any]:
    assert isinstance(response.body, bytes)
    loaded: dict[str, Any] = json.loads(response.body)
    return loaded


def an_error(kind: type[errors.LambdadError]) -> errors.LambdadError:
    if kind is errors.Throttled:
        return errors.Throttled("CallerRateLimitExceeded", 2)
    if kind is errors.ConstraintViolations:
        return errors.ConstraintViolations(["Value null at 'a' failed to satisfy constraint: …"])
    if kind is errors.RecursiveInvocation:
        return errors.RecursiveInvocation()
    if kind is errors.CredentialsRefused:
        return errors.CredentialsRefused("IncompleteSignatureException", "what happened")
    return kind("what happened")


def every_error() -> list[type[errors.LambdadError]]:
    found, left = [], [errors.LambdadError]
    while left:
        kind = left.pop()
        left += kind.__subclasses__()
        if kind.__module__.startswith("lambdad.domain"):
            found.append(kind)
    return [*found, NotSerializable]


@pytest.mark.parametrize("service", [*SERVICES, "sqs", "s3", "ec2"])
@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_every_error_of_ours_is_one_an_sdk_can_name(service: str, kind: type[errors.LambdadError]) -> None:
    error = an_error(kind)
    response = faults.render(service, error, RID)
    read = read_by_botocore(service, response)
    fault = faults.describe(service, error)
    assert read["Error"]["Code"] == fault.code
    assert read["Error"]["Message"] == fault.message
    ours = not isinstance(error, errors.CallerError)
    assert (response.status >= 500) is (ours and fault.code not in OURS_AND_YET_4XX)
    assert (fault.message == str(error)) is (not ours or isinstance(error, errors.EnvironmentUnavailable))


def read_by_botocore(service: str, response: Response) -> dict[str, Any]:
    parser = botocore.parsers.create_parser(directory.wire_of(service).protocol)
    headers = {name.lower(): value for name, value in response.headers}
    parsed: dict[str, Any] = parser.parse(
        {"status_code": response.status, "headers": headers, "body": response.body}, None
    )
    return parsed


VIOLATED = "1 validation error detected: m"
# Name, status and keys of every kind of error among the recorded answers (472 of them).
RECORDED = [
    (errors.NotFound("m"), "ResourceNotFoundException", 404, {"Message": "m", "Type": "User"}),
    (errors.ConstraintViolations(["m"]), "ValidationException", 400, {"message": VIOLATED}),
    (errors.Conflict("m"), "ResourceConflictException", 409, {"message": "m", "Type": "User"}),
    (errors.InvalidParameter("m"), "InvalidParameterValueException", 400, {"message": "m", "Type": "User"}),
    (errors.AccessDenied(""), "AccessDeniedException", 403, {"Message": None}),
    (errors.PreconditionFailed("m"), "PreconditionFailedException", 412, {"message": "m", "Type": "User"}),
]


@pytest.mark.parametrize(("error", "code", "status", "body"), RECORDED, ids=lambda value: str(value)[:30])
def test_lambda_errors_look_as_recorded(
    error: errors.LambdadError, code: str, status: int, body: dict[str, Any]
) -> None:
    response = faults.render("lambda", error, RID)
    assert response.status == status
    assert dict(response.headers) == {"Content-Type": "application/json", "x-amzn-ErrorType": code}
    assert body_of(response) == body


UNTYPED = (
    "$LATEST is not supported for an alias pointing to more than 1 version",
    "Specified ReservedConcurrentExecutions for function decreases account's …",
    "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [1].",
)


@pytest.mark.parametrize("message", UNTYPED)
def test_the_messages_recorded_without_a_type_have_none(message: str) -> None:
    response = faults.render("lambda", errors.InvalidParameter(message), RID)
    assert body_of(response) == {"message": message}


@pytest.mark.parametrize(
    ("error", "code", "status", "body"),
    [
        (
            errors.InvalidRequestContent("m"),
            "InvalidRequestContentException",
            400,
            {"message": "m", "Type": "User"},
        ),
        (
            errors.UnsupportedMediaType("m"),
            "UnsupportedMediaTypeException",
            415,
            {"message": "m", "Type": "User"},
        ),
        (
            errors.CodeStorageExceeded("m"),
            "CodeStorageExceededException",
            400,
            {"message": "m", "Type": "User"},
        ),
        (NotSerializable("m"), "SerializationException", 400, {"message": "m"}),
        (errors.UnknownOperation("m"), "UnknownOperationException", 404, {"message": "m"}),
        (
            errors.NotOffered("m"),
            "InvalidParameterValueException",
            400,
            {"message": "m", "Type": "User"},
        ),
        (
            errors.EnvironmentUnavailable("m"),
            "ServiceException",
            500,
            {"Message": "m", "Type": "Server"},
        ),
    ],
)
def test_the_other_lambda_errors_follow_the_model(
    error: errors.LambdadError, code: str, status: int, body: dict[str, Any]
) -> None:
    response = faults.render("lambda", error, RID)
    assert (response.status, dict(response.headers)["x-amzn-ErrorType"]) == (status, code)
    assert body_of(response) == body


def test_a_throttled_caller_learns_why_and_when_to_return() -> None:
    error = errors.Throttled("ReservedFunctionConcurrentInvocationLimitExceeded", 1)
    response = faults.render("lambda", error, RID)
    assert response.status == 429
    assert body_of(response) == {
        "Type": "User",
        "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
        "message": "Rate Exceeded.",
    }
    assert dict(response.headers)["Retry-After"] == "1"
    without = faults.render("lambda", errors.Throttled("CallerRateLimitExceeded"), RID)
    assert "Retry-After" not in dict(without.headers)
    web = faults.render("lambda-web", error, RID)
    assert (web.status, dict(web.headers)["Retry-After"]) == (429, "1")


def test_our_fault_says_nothing_of_its_cause() -> None:
    response = faults.render("lambda", errors.ServiceFault("/secret/path is full"), RID)
    assert response.status == 500
    assert body_of(response) == {
        "Type": "Server",
        "Message": "An error occurred and the request cannot be processed.",
    }


def test_payloads_and_uploads_that_are_too_large_have_different_names() -> None:
    invoke = errors.RequestTooLarge(
        "Request must be smaller than 6291456 bytes for the InvokeFunction operation"
    )
    upload = errors.RequestTooLarge("Zipped size must be smaller than 52428800 bytes")
    assert faults.describe("lambda", invoke).code == "RequestTooLargeException"
    assert faults.describe("lambda", upload).code == "RequestEntityTooLargeException"
    assert faults.describe("lambda", invoke).status == faults.describe("lambda", upload).status == 413


def test_a_new_kind_of_error_is_named_like_its_ancestor() -> None:
    class NoSuchThing(errors.NotFound):
        pass

    assert faults.describe("lambda", NoSuchThing("m")).code == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (errors.NotFound("m"), "ResourceNotFoundException", 400),
        (errors.Conflict("m"), "ResourceAlreadyExistsException", 400),
        (errors.InvalidParameter("m"), "InvalidParameterException", 400),
        (errors.ConstraintViolations(["m"]), "InvalidParameterException", 400),
        (errors.Throttled("r"), "ThrottlingException", 400),
        (errors.AccessDenied("m"), "AccessDeniedException", 400),
        (errors.UnknownOperation("m"), "UnknownOperationException", 400),
        (errors.NotOffered("m"), "InvalidOperationException", 400),
        (errors.ServiceFault("m"), "InternalFailure", 500),
    ],
)
def test_logs_has_names_of_its_own(error: errors.LambdadError, code: str, status: int) -> None:
    response = faults.render("logs", error, RID)
    assert response.status == status
    assert body_of(response)["__type"] == code
    assert dict(response.headers)["Content-Type"] == "application/x-amz-json-1.1"
    assert parsed_by_botocore("logs", None, response)["Error"]["Code"] == code


@pytest.mark.parametrize("service", ["lambda", "lambda-core", "lambda-web", "lambda-microvms"])
def test_names_of_lambdas_errors_are_declared_somewhere_in_their_model(service: str) -> None:
    declared = {shape.name for shape in oracle(service).error_shapes}
    unmodelled = {"SerializationException", "UnknownOperationException", "IncompleteSignatureException"}
    if service in ("lambda", "lambda-core"):
        unmodelled |= {"AccessDeniedException", "RequestEntityTooLargeException", "ValidationException"}
    if service == "lambda-core":
        unmodelled |= {
            "CodeStorageExceededException",
            "InvalidRequestContentException",
            "PreconditionFailedException",
            "UnsupportedMediaTypeException",
        }
    names = {faults.describe(service, an_error(kind)).code for kind in every_error()}
    assert names <= declared | unmodelled


@pytest.mark.parametrize("protocol", ["json", "rest-json", "rest-xml", "query", "ec2", "smithy-rpc-v2-cbor"])
def test_an_error_can_be_read_in_every_protocol(protocol: str) -> None:
    text = 'no <such> thing & "that" ü' + "x" * 300
    response = faults.render_for_protocol(protocol, "NoSuchThing", text, 404, RID)
    parser = botocore.parsers.create_parser(protocol)
    headers = {name.lower(): value for name, value in response.headers}
    parsed = parser.parse({"status_code": 404, "headers": headers, "body": response.body}, None)
    assert parsed["Error"]["Code"] == "NoSuchThing"
    assert parsed["Error"]["Message"] == text
    if protocol in ("rest-xml", "query", "ec2"):
        assert parsed["ResponseMetadata"]["RequestId"] == RID


def test_short_and_middling_texts_are_cbor_too() -> None:
    parser = botocore.parsers.create_parser("smithy-rpc-v2-cbor")
    for length in (0, 1, 23, 24, 255, 256, 70_000):
        response = faults.render_for_protocol("smithy-rpc-v2-cbor", "Code", "x" * length, 400, RID)
        parsed = parser.parse(
            {"status_code": 400, "headers": {"smithy-protocol": "rpc-v2-cbor"}, "body": response.body}, None
        )
        assert parsed["Error"]["Message"] == "x" * length


@pytest.mark.parametrize(
    ("signing_name", "protocol", "content_type"),
    [
        ("s3", "rest-xml", "text/xml"),
        ("ec2", "ec2", "text/xml"),
        ("sns", "query", "text/xml"),
        ("elasticloadbalancing", "query", "text/xml"),
        ("dynamodb", "json", "application/x-amz-json-1.0"),
        ("kinesis", "json", "application/x-amz-json-1.1"),
        ("monitoring", "json", "application/x-amz-json-1.0"),
        ("scheduler", "rest-json", "application/json"),
        ("secretsmanager", "json", "application/x-amz-json-1.1"),
    ],
)
def test_a_service_not_offered_is_refused_in_its_own_protocol(
    signing_name: str, protocol: str, content_type: str
) -> None:
    response = faults.refuse_service(signing_name, a_request("POST", "/"), "is not offered here")
    assert dict(response.headers)["Content-Type"] == content_type
    parser = botocore.parsers.create_parser(protocol)
    headers = {name.lower(): value for name, value in response.headers}
    parsed = parser.parse({"status_code": response.status, "headers": headers, "body": response.body}, None)
    assert parsed["Error"]["Code"] == "NotImplemented"
    assert parsed["Error"]["Message"] == "is not offered here"
    assert response.status == 501  # SDKs do not repeat it, unlike 500 and 503


def test_a_folder_name_will_do_where_it_is_no_signing_name() -> None:
    response = faults.refuse_service("elbv2", a_request("POST", "/"), "m")
    assert dict(response.headers)["Content-Type"] == "text/xml"


def test_a_service_nobody_knows_is_refused_too() -> None:
    response = faults.refuse_service("no-such-service", a_request("POST", "/"), "m")
    assert (response.status, body_of(response)) == (400, {"message": "m"})


@pytest.mark.parametrize(
    ("headers", "protocol"),
    [
        ({"smithy-protocol": "rpc-v2-cbor"}, "smithy-rpc-v2-cbor"),
        ({"x-amz-target": "GraniteServiceVersion20100801.GetMetricData"}, "json"),
        ({"content-type": "application/x-www-form-urlencoded; charset=utf-8"}, "query"),
        ({}, "json"),
    ],
)
def test_a_service_of_several_protocols_is_answered_in_the_callers(
    headers: dict[str, str], protocol: str
) -> None:
    request = a_request("POST", "/", headers=headers)
    assert directory.protocol_of(request, directory.wire_of("cloudwatch")) == protocol


def test_services_of_one_signing_name_are_listed_the_namesake_first() -> None:
    assert [wire.service for wire in directory.wires_signed_as("lambda")] == [
        "lambda",
        "lambda-core",
        "lambda-microvms",
        "lambda-web",
    ]
    assert directory.wires_signed_as("dynamodb")[0].service == "dynamodb"
    assert directory.wires_signed_as("no-such-service") == ()


@pytest.mark.parametrize(
    "service", ["lambda", "logs", "s3", "sqs", "cloudwatch", "ec2", "iam", "apigatewayv2"]
)
def test_the_wire_read_from_a_files_head_is_that_of_the_whole_model(service: str) -> None:
    wire, whole = directory.wire_of(service), model.load(service)
    assert (wire.protocol, wire.signing_name) == (whole.protocol, whole.signing_name)
    assert wire.target_prefix == whole.target_prefix
    assert wire.full_name == whole.metadata["serviceFullName"]


def test_s3_errors_have_no_wrapper_and_ec2s_have_their_own() -> None:
    s3 = faults.refuse_service("s3", a_request("GET", "/"), "m")
    assert ET.fromstring(s3.body).tag == "Error"  # type: ignore[arg-type]
    ec2 = faults.refuse_service("ec2", a_request("POST", "/"), "m")
    assert [child.tag for child in ET.fromstring(ec2.body)] == ["Errors", "RequestID"]  # type: ignore[arg-type]


@pytest.mark.parametrize("head_bytes", [1, 60])
def test_metadata_beyond_the_head_of_a_file_is_found_all_the_same(
    head_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = directory.wire_of("sqs")
    monkeypatch.setattr(directory, "_HEAD_BYTES", head_bytes)
    assert directory.wire_of.__wrapped__("sqs") == wire


def test_an_error_without_a_message_is_null_in_cbor() -> None:
    fault = error_bodies.Fault("Code", 400, None)
    assert error_bodies.cbor(fault).body == b"\xa2\x66__type\x64Code\x67message\xf6"
