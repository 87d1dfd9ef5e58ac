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
        "DeleteMetricFilter",
        "DeleteRetentionPolicy",
        "DeleteSubscriptionFilter",
        "DescribeLogGroups",
        "DescribeLogStreams",
        "DescribeMetricFilters",
        "DescribeSubscriptionFilters",
        "FilterLogEvents",
        "ListTagsLogGroup",
        "PutMetricFilter",
        "PutRetentionPolicy",
        "PutSubscriptionFilter",
        "StartQuery",
        "TagLogGroup",
        "UntagLogGroup",
    }
)
ON_ARN: Final = frozenset({"ListTagsForResource", "TagResource", "UntagResource"})
ON_GROUPS: Final = frozenset({"StartLiveTail"})


def needs_of(operation: str, params: Mapping[str, Any], request: Request) -> list[Need]:
    """What an operation needs; of those that name neither group nor ARN everything."""
    given = params.get("tags") or {}
    tags = given if isinstance(given, Mapping) else {}  # UntagLogGroup has keys only
    keys: dict[str, Values] = {f"aws:requesttag/{key.lower()}": (value,) for key, value in tags.items()}
    named = tuple(params.get("tagKeys") or given)
    if named:
        keys["aws:tagkeys"] = named
    scope = request.caller.scope
    if operation in ON_GROUPS:
        groups = [_named(identifier) for identifier in params["logGroupIdentifiers"]]
        return [Need(f"logs:{operation}", stream_arn(scope, group, ""), keys) for group in groups]
    return [Need(f"logs:{operation}", _resource(operation, params, scope), keys)]


def stream_arn(scope: Scope, group: str, stream: str) -> str:
    """What is asked about a stream, or about its group for an empty name."""
    return scope.arn("logs", f"log-group:{group}:log-stream:{stream}")


def _resource(operation: str, params: Mapping[str, Any], scope: Scope) -> str:
    if operation in ON_ARN:
        return str(params["resourceArn"])
    group = params.get("logGroupName") or params.get("logGroupIdentifier") or ""
    group = _named(group)
    if operation in ON_STREAM:
        return stream_arn(scope, group, params.get("logStreamName") or "")
    return stream_arn(scope, group, "") if operation in ON_GROUP else EVERYTHING


def _named(identifier: str) -> str:
    """The name of a group out of its name or ARN."""
    if identifier.startswith("arn:"):
        return identifier.split(":log-group:", 1)[-1].removesuffix(":*")
    return identifier
