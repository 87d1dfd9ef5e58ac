"""What the tests of policies ask and expect: AWS's words, and documents as it writes them."""

from __future__ import annotations

from typing import Any

from asking import plain
from bridge import ACCOUNT, Bridge
from recordings import answer

from lambdad.domain.alias import ALIASES, Alias
from lambdad.domain.resource import Place
from lambdad.domain.scope import Scope

FN = "my-fn"
ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{FN}"
S3 = {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
BUCKET = "arn:aws:s3:::test-bucket"
ONE_VIOLATION = "1 validation error detected:"
MUST_MATCH = "failed to satisfy constraint: Member must satisfy regular expression pattern:"
NOTHING = "The resource you requested does not exist."
OUTDATED = (
    "The Revision Id provided does not match the latest Revision Id. "
    "Call the {} API to retrieve the latest Revision Id"
)

_TYPES = {"ValidationException": None, "AccessDeniedException": None}


def error(call: Any, **params: Any) -> tuple[int, str, str]:
    """Status, name and words of a refusal; that it has the `Type` that AWS gives its kind."""
    response = answer(call, **params)
    said = response["Error"]
    assert response.get("Type") == _TYPES.get(said["Code"], "User")
    assert response.get("Message", response.get("message", said["Message"])) == said["Message"]
    return response["ResponseMetadata"]["HTTPStatusCode"], said["Code"], said["Message"]


def invalid(words: str) -> tuple[int, str, str]:
    return 400, "InvalidParameterValueException", words


def missing(words: str) -> tuple[int, str, str]:
    return 404, "ResourceNotFoundException", words


def outdated(call: str) -> tuple[int, str, str]:
    return 412, "PreconditionFailedException", OUTDATED.format(call)


def taken(sid: str) -> tuple[int, str, str]:
    words = (
        f"The statement id ({sid}) provided already exists. "
        "Please provide a new statement id, or remove the existing statement."
    )
    return 409, "ResourceConflictException", words


def made(aws: Bridge) -> Any:
    plain(aws, FN)
    return aws.client


def statement(sid: str, resource: str = ARN, **more: Any) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": resource,
        **more,
    }


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Id": "default", "Statement": list(statements)}


def alias(aws: Bridge, name: str, version: str) -> None:
    place = Place(Scope(ACCOUNT, "us-east-1"), FN, name)
    aws.run(aws.catalogue.resources.change(ALIASES, place, lambda _: Alias(name, version, "", f"rev-{name}")))
