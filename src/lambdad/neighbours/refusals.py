"""Whether a service that refused a message would ever take it; pure.

A refusal of the caller or of the target (no such queue, not allowed, throttled) may pass. One of the
message itself does not, and trying again would only keep what is sent to the same target waiting.

Source: errors of SQS SendMessage, SNS Publish, EventBridge PutEvents and S3 PutObject in their references.
"""

from __future__ import annotations

import json
import re
from typing import Final

_BAD_REQUEST: Final = 400
_TOO_LARGE: Final = 413
_OF_THE_MESSAGE: Final = frozenset(
    {
        "InvalidMessageContents",  # SQS: a character
        "InvalidParameterValue",  # SQS: too long
        "MissingParameter",  # SQS: no group, of a FIFO queue
        "InvalidParameter",  # SNS: too long
        "ParameterValueInvalid",  # SNS: an attribute
        "Validation",  # EventBridge: too large
        "EntityTooLarge",  # S3
    }
)
_XML_CODE: Final = re.compile(rb"<Code>(\w{1,100})</Code>")


def is_final(status: int, said: bytes) -> bool:
    """Whether it is the message that was refused."""
    if status == _TOO_LARGE:
        return True
    return status == _BAD_REQUEST and code_of(said).removesuffix("Exception") in _OF_THE_MESSAGE


def code_of(said: bytes) -> str:
    """The name of the error, of JSON or XML; empty when there is none."""
    found = _XML_CODE.search(said)
    if found is not None:
        return found[1].decode()
    try:
        document = json.loads(said)
    except (ValueError, RecursionError):
        return ""
    kind = document.get("__type") if isinstance(document, dict) else None
    return kind.rpartition("#")[2] if isinstance(kind, str) else ""
