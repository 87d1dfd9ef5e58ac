"""Names and pieces of an environment's log; pure."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from lambdad.domain.function import FunctionVersion
from lambdad.domain.limits import LOG_TAIL_BYTES
from lambdad.domain.platform_log import LogLine


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
