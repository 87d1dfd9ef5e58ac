"""What each operation of CloudWatch Logs needs: its own name, on a log group or on one of its streams.

A group is asked about as ``log-group:NAME:log-stream:``, as AWS does, which ``…:log-group:NAME:*`` means too.

Source: Service Authorization Reference, "Amazon CloudWatch Logs"; denials that users reported, with that ARN.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lambdad.domain.http import Request
from lambdad.domain.scope import Scope
from lambdad.identity.authorization.needs import EVERYTHING, Need, Values

ON_STREAM: Final = frozenset({"CreateLogStream", "DeleteLogStream", "GetLogEvents", "PutLogEvents"})
ON_GROUP: Final = frozenset(
    {
        "CreateLogGroup",
        "DeleteLogGroup",
        "DeleteRetentionPolicy",
        "DeleteSubscriptionFilter",
        "DescribeLogGroups",
        "DescribeLogStreams",
        "DescribeSubscriptionFilters",
        "FilterLogEvents",
        "PutRetentionPolicy",
        "PutSubscriptionFilter",
        "StartQuery",
    }
)
ON_ARN: Final = frozenset({"ListTagsForResource", "TagResource", "UntagResource"})


def needs_of(operation: str, params: Mapping[str, Any], request: Request) -> list[Need]:
    """What an operation needs; of those that name neither group nor ARN everything."""
    tags = params.get("tags") or {}
    keys: dict[str, Values] = {f"aws:requesttag/{key.lower()}": (value,) for key, value in tags.items()}
    named = tuple(params.get("tagKeys") or tags)
    if named:
        keys["aws:tagkeys"] = named
    return [Need(f"logs:{operation}", _resource(operation, params, request.caller.scope), keys)]


def stream_arn(scope: Scope, group: str, stream: str) -> str:
    """What is asked about a stream, or about its group for an empty name."""
    return scope.arn("logs", f"log-group:{group}:log-stream:{stream}")


def _resource(operation: str, params: Mapping[str, Any], scope: Scope) -> str:
    if operation in ON_ARN:
        return str(params["resourceArn"])
    group = params.get("logGroupName") or params.get("logGroupIdentifier") or ""
    if group.startswith("arn:"):
        group = group.split(":log-group:", 1)[-1].removesuffix(":*")
    if operation in ON_STREAM:
        return stream_arn(scope, group, params.get("logStreamName") or "")
    return stream_arn(scope, group, "") if operation in ON_GROUP else EVERYTHING
