"""What each protocol calls credentials that are refused."""

from __future__ import annotations

import json

import pytest

from lambdad.awsapi import faults
from lambdad.domain.errors import CredentialsRefused
from lambdad.domain.http import Caller, Request
from lambdad.domain.scope import Scope
from lambdad.identity.signatures import refused


def answer(service: str, error: CredentialsRefused, headers: dict[str, str] | None = None) -> tuple[int, str]:
    request = Request("POST", "/", (), headers or {}, b"", Caller(Scope()), "the-id", "http://localhost")
    response = faults.refuse_credentials(service, request, error)
    assert isinstance(response.body, bytes)
    return response.status, response.body.decode()


@pytest.mark.parametrize(
    ("error", "in_lambda", "in_sqs", "in_iam", "in_s3"),
    [
        (refused.mismatch(), 403, "InvalidSignatureException", (403, "SignatureDoesNotMatch"), (403, "SignatureDoesNotMatch")),
        (refused.unknown_key(), 403, "UnrecognizedClientException", (403, "InvalidClientTokenId"), (403, "InvalidAccessKeyId")),
        (refused.unsigned(), 403, "MissingAuthenticationTokenException", (403, "MissingAuthenticationToken"), (403, "AccessDenied")),
        (refused.incomplete("x"), 403, "IncompleteSignatureException", (400, "IncompleteSignature"), (400, "AuthorizationHeaderMalformed")),
        (refused.not_signed(b"x-amz-a"), 403, "InvalidSignatureException", (403, "SignatureDoesNotMatch"), (403, "AccessDenied")),
        (refused.stale("20261123T021320Z", 0, 300), 403, "InvalidSignatureException", (403, "SignatureDoesNotMatch"), (403, "RequestTimeTooSkewed")),
        (refused.expired_link("20261123T021320Z", 1, 0), 403, "InvalidSignatureException", (403, "SignatureDoesNotMatch"), (403, "AccessDenied")),
        (CredentialsRefused("ExpiredTokenException", "over"), 403, "ExpiredTokenException", (403, "ExpiredToken"), (400, "ExpiredToken")),
    ],
)  # fmt: skip
def test_each_protocol_has_its_own_names(
    error: CredentialsRefused, in_lambda: int, in_sqs: str, in_iam: tuple[int, str], in_s3: tuple[int, str]
) -> None:
    status, body = answer("sqs", error, {"x-amz-target": "AmazonSQS.SendMessage"})
    assert (status, json.loads(body)["__type"]) == (400, in_sqs)
    request = Request("POST", "/", (), {}, b"", Caller(Scope()), "the-id", "http://localhost")
    response = faults.refuse_credentials("lambda", request, error)
    assert (response.status, dict(response.headers)["x-amzn-ErrorType"]) == (in_lambda, in_sqs)
    for service, (wanted, code) in (("iam", in_iam), ("s3", in_s3)):
        status, body = answer(service, error)
        assert (status, f"<Code>{code}</Code>" in body) == (wanted, True)
        assert "the-id" in body


def test_a_service_that_nobody_knows_is_answered_too() -> None:
    status, body = answer("nothing-of-awss", refused.mismatch())
    assert (status, json.loads(body)["message"]) == (403, str(refused.mismatch()))


def test_a_service_of_ours_answers_the_same_when_it_refuses_itself() -> None:
    response = faults.render("iam", refused.unknown_key(), "the-id")
    assert response.status == 403
    assert b"<Code>InvalidClientTokenId</Code>" in response.body
