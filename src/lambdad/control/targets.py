"""ARNs that a function's configuration names: dead letter targets and keys; pure.

Whether a queue, a topic or a key is there, and may be used, is another service's to say: what is well formed
is accepted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from lambdad.domain.errors import InvalidParameter

_DEAD_LETTER: Final = re.compile(r"arn:aws[a-zA-Z-]*:(sqs|sns):[a-z0-9-]+:\d{12}:[a-zA-Z0-9_.-]+")
_KEY: Final = re.compile(r"arn:aws[a-zA-Z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)/[a-zA-Z0-9/_-]+")


def check_targets(params: Mapping[str, Any]) -> None:
    """Refuse a dead letter target or key that cannot be one.

    Raises:
        InvalidParameter: a target that is neither queue nor topic, a key that is none.

    Source: "Invalid dead letter ARN: …" and "… the KMS key is invalid for CreateGrant …" as users report.
    """
    target = (params.get("DeadLetterConfig") or {}).get("TargetArn")
    if target and _DEAD_LETTER.fullmatch(target) is None:
        raise InvalidParameter(
            f"Invalid dead letter ARN: {target} is neither an Amazon SQS queue nor an Amazon SNS topic."
        )
    if key := params.get("KMSKeyArn"):
        _check_key(key, "your environment variables")


def check_source_key(code: Mapping[str, Any]) -> None:
    """Refuse a `SourceKMSKeyArn` that cannot be a key.

    Args:
        code: members of `Code`, or of UpdateFunctionCode.

    Raises:
        InvalidParameter: it is none.
    """
    if key := code.get("SourceKMSKeyArn"):
        _check_key(key, "your deployment package")


def _check_key(arn: str, what: str) -> None:
    matched = _KEY.fullmatch(arn)
    if matched is not None and matched[1] == "key":
        return
    said = "NotFoundException", f"Invalid keyId '{arn}'"
    if matched is not None:
        said = "InvalidArnException", "Key Aliases are not supported for this operation."
    raise InvalidParameter(
        f"Lambda was unable to configure access to {what} because the KMS key is invalid for CreateGrant. "
        f"Please check your KMS key settings. KMS Exception: {said[0]} KMS Message: {said[1]}"
    )
