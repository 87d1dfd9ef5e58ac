"""Requests to SQS and SNS.

Source: Service Authorization Reference, "Amazon SQS" and "Amazon SNS": a batch needs what one message does.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from lambdad.domain.http import Request
from lambdad.domain.scope import Scope
from lambdad.identity.authorization.needs import EVERYTHING, UNKNOWN, Need
from lambdad.identity.authorization.neighbours.reading import (
    Members,
    Unreadable,
    form_members,
    json_members,
    target,
    text,
)

_BATCHES: Final = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    "PublishBatch": "Publish",
}
_ON_NO_TOPIC: Final = frozenset(
    {
        "ListTopics",
        "ListSubscriptions",
        "CheckIfPhoneNumberIsOptedOut",
        "GetSMSAttributes",
        "SetSMSAttributes",
    }
)


def sqs(request: Request) -> list[Need]:
    """What a request to SQS needs.

    Raises:
        Unreadable: it does not say one thing only.
    """
    operation = target(request)
    given = form_members(request) if operation is None else json_members(request)
    operation = operation or text(given.get("Action"))
    action = f"sqs:{_BATCHES.get(operation, operation)}"
    scope = request.caller.scope
    if operation == "ListQueues":
        return [Need(action, EVERYTHING)]
    queues = _queues(given, request.path, scope)
    return [Need(action, queue) for queue in queues or [UNKNOWN]]


def _queues(given: Members, path: str, scope: Scope) -> list[str]:
    """Every queue that is named: the URL's, the path's that it may have been sent to, and others."""
    named = [text(given.get("SourceArn"))] if given.get("SourceArn") else []
    if given.get("QueueName"):
        owner = text(given.get("QueueOwnerAWSAccountId")) or scope.account
        named.append(_queue(scope, owner, text(given["QueueName"])))
    paths = [urlsplit(text(given.get("QueueUrl"))).path] if given.get("QueueUrl") else []
    for each in (*paths, path):
        parts = [part for part in each.split("/") if part]
        if len(parts) >= 2:
            named.append(_queue(scope, parts[-2], parts[-1]))
        elif parts:
            named.append(_queue(scope, scope.account, parts[-1]))
    return list(dict.fromkeys(named))


def _queue(scope: Scope, account: str, name: str) -> str:
    if not (account.isascii() and account.isdigit()) or ":" in name or "%" in name:
        raise Unreadable
    return f"arn:{scope.partition}:sqs:{scope.region}:{account}:{name}"


def sns(request: Request) -> list[Need]:
    """What a request to SNS needs.

    Raises:
        Unreadable: it does not say one thing only.
    """
    given = form_members(request)
    operation = text(given.get("Action"))
    action = f"sns:{_BATCHES.get(operation, operation)}"
    if operation in _ON_NO_TOPIC:
        return [Need(action, EVERYTHING)]
    if operation == "CreateTopic":
        return [Need(action, request.caller.scope.arn("sns", text(given.get("Name"))))]
    arns = [text(given[name]) for name in ("TopicArn", "TargetArn", "ResourceArn") if given.get(name)]
    if given.get("SubscriptionArn"):
        arns.append(text(given["SubscriptionArn"]).rpartition(":")[0])
    if given.get("PhoneNumber"):
        arns.append(EVERYTHING)
    return [Need(action, arn) for arn in arns or [UNKNOWN]]
