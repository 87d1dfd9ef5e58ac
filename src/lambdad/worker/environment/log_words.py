"""Names and pieces of an environment's log; pure."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from lambdad.domain.function import FunctionVersion
from lambdad.domain.limits import LOG_TAIL_BYTES
from lambdad.domain.outcome import Status
from lambdad.domain.platform_json import timestamp
from lambdad.domain.platform_log import InvocationRecord, LogLine


def log_stream_name(version: FunctionVersion, environment_id: str, now: float) -> str:
    """AWS's name of an environment's stream: ``YYYY/MM/DD/[version]<32 hex digits>``.

    With a log group of one's own the function's name is part of it (spec runtime-api §7).
    """
    day = datetime.fromtimestamp(now, UTC).strftime("%Y/%m/%d")
    own_group = version.logging.log_group == f"/aws/lambda/{version.name}"
    name = "" if own_group else version.name
    digits = hashlib.sha256(environment_id.encode()).hexdigest()[:32]
    return f"{day}/{name}[{version.version}]{digits}"


def tail_lines(lines: list[LogLine]) -> list[LogLine]:
    """As many of the last lines as can matter for a tail of 4 KiB."""
    size = 0
    for at in range(len(lines) - 1, -1, -1):
        size += len(lines[at].message)
        if size > LOG_TAIL_BYTES:
            return lines[at:]
    return lines


def runtime_version_arn(version: FunctionVersion, runtime_version: str) -> str:
    """An ARN in AWS's form; its digest is of the runtime version, so it changes when that does."""
    digest = hashlib.sha256(runtime_version.encode()).hexdigest()
    scope = version.scope
    return f"arn:{scope.partition}:lambda:{scope.region}::runtime:{digest}"


def fault_of(record: InvocationRecord, timeout_s: int) -> str | None:
    """What `platform.fault` says of an invocation; None unless the platform ended it.

    Source: AWS's developer guide ("Lambda Logs API", example messages) and spec runtime-api §8.
    """
    if record.status is Status.TIMEOUT:
        return f"{timestamp(record.end_ms)} {record.request_id} Task timed out after {timeout_s:.2f} seconds"
    if record.status is Status.SUCCESS or record.error_type is None:
        return None
    return f"RequestId: {record.request_id} Process exited before completing request"
