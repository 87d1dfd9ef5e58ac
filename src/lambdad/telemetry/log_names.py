"""Names and ARNs of log groups and streams, and which group a request means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lambdad.domain.errors import InvalidCombination, InvalidParameter, NotFound
from lambdad.domain.scope import Scope

NO_GROUP = "The specified log group does not exist."
NO_STREAM = "The specified log stream does not exist."
_ARN = re.compile(r"arn:[^:]+:logs:([^:]*):([^:]*):log-group:([^:]+)")


def group_arn(scope: Scope, group: str) -> str:
    """A group's ARN as `logGroupArn` shows it; `arn` shows it with ``:*`` behind."""
    return scope.arn("logs", f"log-group:{group}")


def stream_arn(scope: Scope, group: str, stream: str) -> str:
    """A stream's ARN."""
    return f"{group_arn(scope, group)}:log-stream:{stream}"


def requested_group(params: Mapping[str, Any], scope: Scope) -> str:
    """The group named by `logGroupName` or by `logGroupIdentifier`, a name or an ARN.

    Raises:
        InvalidCombination: both are given.
        InvalidParameter: neither is given.
        NotFound: the ARN is another account's or region's.

    Source: CloudWatch Logs API, GetLogEvents: one of the two, but not both; answer recorded by LocalStack's
    suite against AWS, `test_describe_log_streams_with_log_group_identifier` (a ValidationException).
    """
    name, identifier = params.get("logGroupName"), params.get("logGroupIdentifier")
    if name is not None and identifier is not None:
        raise InvalidCombination("LogGroup name and LogGroup ARN are mutually exclusive parameters.")
    if identifier is not None:
        return group_of_identifier(str(identifier), scope)
    if name is None:
        raise InvalidParameter("LogGroup name or LogGroup ARN must be specified.")
    return str(name)


def group_of_identifier(identifier: str, scope: Scope) -> str:
    """The group's name out of a name or an ARN (without ``:*``, which the model refuses as AWS does).

    Raises:
        InvalidParameter: neither a name nor the ARN of a log group.
        NotFound: the ARN is another account's or region's.
    """
    if not identifier.startswith("arn:"):
        return identifier
    match = _ARN.fullmatch(identifier)
    if match is None:
        raise InvalidParameter(f"'{identifier}' is not the ARN of a log group.")
    if (match[1], match[2]) != (scope.region, scope.account):
        raise NotFound(NO_GROUP)
    return match[3]
