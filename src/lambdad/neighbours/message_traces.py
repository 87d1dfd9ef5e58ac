"""Puts the trace header of whoever sends a message of SQS onto the message; pure.

SQS itself does so with the header of a request: a function that sends to its own queue is found out by it.

Source: SQS developer guide, "Active tracing with X-Ray" (the header of a request becomes the message system
attribute AWSTraceHeader, unless one is given); radkawar/stackd's recording recursion_execution shows the
lineage of a function that goes round through a queue.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

from lambdad.domain.http import Request
from lambdad.domain.lineage import MOST_CHARACTERS

_HEADER: Final = "x-amzn-trace-id"
_ATTRIBUTE: Final = "AWSTraceHeader"
_SENDS: Final = frozenset({"AmazonSQS.SendMessage", "AmazonSQS.SendMessageBatch"})


def with_trace(request: Request) -> Request:
    """A request to SQS whose messages carry its trace header; any other request as it is."""
    trace = request.headers.get(_HEADER, "")
    if not trace or len(trace) > MOST_CHARACTERS or request.headers.get("x-amz-target") not in _SENDS:
        return request
    try:
        members = json.loads(request.body)
    except (ValueError, RecursionError):
        return request  # SQS says what is wrong with it
    if not isinstance(members, dict):
        return request
    entries = members.get("Entries") if "Entries" in members else [members]
    for entry in entries if isinstance(entries, list) else ():
        _mark(entry, trace)
    return replace(request, body=json.dumps(members, separators=(",", ":")).encode())


def _mark(entry: Any, trace: str) -> None:
    if not isinstance(entry, dict):
        return
    given = entry.get("MessageSystemAttributes") or {}
    if isinstance(given, dict) and _ATTRIBUTE not in given:
        entry["MessageSystemAttributes"] = {
            **given,
            _ATTRIBUTE: {"DataType": "String", "StringValue": trace},
        }
