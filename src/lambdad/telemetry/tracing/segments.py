"""Sampled invocations as X-Ray's segment documents; pure.

There are two of each: `AWS::Lambda`, the service that was called, and below it `AWS::Lambda::Function`, whose
id the function sees as its parent and REPORT names.

Source: X-Ray developer guide, "Segment documents" and "Sending trace data" (the daemon's header);
documents of Lambda as users show them (powertools-lambda-typescript issue 452, aws-iatk issue 106).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

from lambdad.domain.limits import MAX_SEGMENT_BYTES
from lambdad.domain.outcome import Status
from lambdad.telemetry.tracing.told import Told

HEADER: Final = b'{"format": "json", "version": 1}\n'
"""Before each document that goes to the daemon."""

Document = dict[str, object]


def documents_of(told: Told, new_id: Callable[[], str]) -> tuple[Document, Document]:
    """The segment of the service, and that of the function.

    Args:
        told: of one invocation.
        new_id: sixteen hex digits for a subsegment.
    """
    return _service(told), _function(told, new_id)


def datagram(document: Mapping[str, object]) -> bytes | None:
    """What the daemon is sent; None for a document that X-Ray would not take."""
    text = json.dumps(document, separators=(",", ":")).encode()
    return HEADER + text if len(text) <= MAX_SEGMENT_BYTES else None


def _service(told: Told) -> Document:
    version, traced = told.version, told.traced
    document: Document = {
        "id": traced.service_id,
        "name": version.name,
        "trace_id": traced.trace_id,
        **_times(told.admitted_ms, told.ended_ms),
        "http": {"response": {"status": 200}},
        "aws": {"request_id": told.record.request_id},
        "origin": "AWS::Lambda",
        "resource_arn": version.unqualified_arn,
    }
    if traced.parent_id is not None:
        document["parent_id"] = traced.parent_id
    return _judged(document, told)


def _function(told: Told, new_id: Callable[[], str]) -> Document:
    version, record, traced = told.version, told.record, told.traced
    arn = version.unqualified_arn

    def part(name: str, begin: float, end: float) -> Document:
        return {"id": new_id(), "name": name, **_times(begin, end), "aws": {"function_arn": arn}}

    parts = []
    if told.init_began_ms is not None:
        parts.append(part("Initialization", told.init_began_ms, record.start_ms))
    parts.append(_judged(part("Invocation", record.start_ms, told.answered_ms), told))
    parts.append(part("Overhead", told.answered_ms, told.ended_ms))
    document: Document = {
        "id": traced.segment_id,
        "name": version.name,
        "trace_id": traced.trace_id,
        "parent_id": traced.service_id,
        **_times(record.start_ms, told.ended_ms),
        "aws": {
            "account_id": version.scope.account,
            "function_arn": arn,
            "resource_names": [version.name],
        },
        "origin": "AWS::Lambda::Function",
        "subsegments": parts,
    }
    return _judged(document, told)


def _times(begin_ms: float, end_ms: float) -> Document:
    return {"start_time": begin_ms / 1000, "end_time": max(begin_ms, end_ms) / 1000}


def _judged(document: Document, told: Told) -> Document:
    """Say that the function failed, if it did."""
    if told.record.status is not Status.SUCCESS:
        document["fault"] = True
    return document
