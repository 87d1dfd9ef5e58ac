"""Policy documents as they are kept: statements in and out of their text, what they may say, their size.

Source: public recordings of LocalStack's suite against AWS (tests/aws/services/lambda_,
test_lambda_api.snapshot.json), TestLambdaPermissions and TestLambdaLayer; the words for a policy that is too
large as users have quoted them (adobe/helix-deploy#24, serverless/serverless#5357).
"""

from __future__ import annotations

import json
from typing import Any

from lambdad.control.policy_statements import Statement
from lambdad.domain.errors import (
    Conflict,
    InvalidParameter,
    NotFound,
    PolicyTooLong,
    PreconditionFailed,
    PublicPolicy,
)
from lambdad.domain.limits import MAX_POLICY_BYTES
from lambdad.domain.policies.document import RESOURCE_POLICY, InvalidPolicy, read_policy
from lambdad.domain.policies.public import is_public
from lambdad.domain.policies.statements import Policy

_Document = dict[str, Any]


def with_statement(document: str | None, statement: Statement) -> str:
    """The document with one statement more; None begins a new one.

    Raises:
        Conflict: it has a statement of this id; in AWS's words.
    """
    whole: _Document = json.loads(document) if document else {"Version": "2012-10-17", "Id": "default"}
    statements = _statements(whole)
    sid = statement["Sid"]
    if any(each.get("Sid") == sid for each in statements):
        raise Conflict(
            f"The statement id ({sid}) provided already exists. "
            "Please provide a new statement id, or remove the existing statement."
        )
    return compact({**whole, "Statement": [*statements, statement]})


def without_statement(document: str | None, sid: str) -> str | None:
    """The document with one statement less; None when it was the last.

    Raises:
        NotFound: there is no document, or it has no such statement; in AWS's words.
    """
    if document is None:
        raise NotFound("No policy is associated with the given resource.")
    whole: _Document = json.loads(document)
    statements = _statements(whole)
    left = [each for each in statements if each.get("Sid") != sid]
    if len(left) == len(statements):
        raise NotFound(f"Statement {sid} is not found in resource policy.")
    return compact({**whole, "Statement": left}) if left else None


def compact(value: Any) -> str:
    """JSON as AWS writes policies: without blanks."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def check_size(document: str) -> None:
    """Refuse a document that is too large.

    Raises:
        PolicyTooLong: in AWS's words.
    """
    size_bytes = len(document.encode("utf-8", "surrogatepass"))
    if size_bytes > MAX_POLICY_BYTES:
        raise PolicyTooLong(
            f"The final policy size ({size_bytes}) is bigger than the limit ({MAX_POLICY_BYTES})."
        )


def check_policy(document: str, *, block_public: bool) -> Policy:
    """Refuse a document that is no policy, or one that lets everybody in where none may.

    Raises:
        InvalidParameter: it is none.
        PublicPolicy: in AWS's words, as users quoted them in September 2024.
    """
    try:
        policy = read_policy(document, RESOURCE_POLICY)
    except InvalidPolicy as error:
        raise InvalidParameter(f"The provided policy is invalid: {error}.") from error
    if block_public and is_public(policy):
        raise PublicPolicy(
            "Lambda blocked the creation of this policy because it would grant public access to your "
            "function. If this is intentional, change your function's BlockPublicPolicy setting to allow "
            "public access and try again."
        )
    return policy


def check_policy_revision(given: str | None, current: str | None, *, call: str) -> None:
    """Refuse a RevisionId that is not the latest.

    Args:
        given: None when the request has none.
        current: None when there is no policy yet.
        call: the operation that tells it.

    Raises:
        PreconditionFailed: in AWS's words.
    """
    if given is not None and given != current:
        raise PreconditionFailed(
            "The Revision Id provided does not match the latest Revision Id. "
            f"Call the {call} API to retrieve the latest Revision Id"
        )


def _statements(document: _Document) -> list[_Document]:
    listed = document.get("Statement", [])
    return listed if isinstance(listed, list) else [listed]
