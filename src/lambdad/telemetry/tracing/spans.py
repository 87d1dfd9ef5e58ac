"""Sampled invocations as OpenTelemetry's spans, in the JSON encoding of OTLP; pure.

    <function>                     server: admitted, until everything is done
    ├─ assign                      until an environment took the event
    │  └─ init                     of that environment, when the event is its first
    ├─ run                         in the function; what it traces itself is below this one
    └─ answer                      extensions, after the answer

Source: OpenTelemetry protocol 1.x, "JSON Protobuf Encoding"; semantic conventions for FaaS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from lambdad import __version__
from lambdad.domain.function import FunctionVersion
from lambdad.domain.limits import MIB
from lambdad.domain.outcome import Status
from lambdad.domain.trace_context import w3c_trace_id
from lambdad.telemetry.tracing.told import Told

_INTERNAL: Final = 1
_SERVER: Final = 2
_ERROR: Final = 2

Span = dict[str, object]


def request_of(told: Iterable[Told], new_id: Callable[[], str]) -> Mapping[str, object]:
    """The body of an `ExportTraceServiceRequest`.

    Args:
        told: any number of them.
        new_id: sixteen hex digits for a span that nobody else names.
    """
    by_version: dict[str, tuple[FunctionVersion, list[Span]]] = {}
    for one in told:
        version = one.version
        _, spans = by_version.setdefault(version.qualified_arn, (version, []))
        spans.extend(spans_of(one, new_id))
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes(_resource(version))},
                "scopeSpans": [{"scope": {"name": "lambdad", "version": __version__}, "spans": spans}],
            }
            for version, spans in by_version.values()
        ]
    }


def spans_of(told: Told, new_id: Callable[[], str]) -> list[Span]:
    """The spans of one invocation, the outermost first."""
    record, traced = told.record, told.traced
    assign_id = new_id()

    def span(name: str, span_id: str, parent: str | None, begin: float, end: float) -> Span:
        found: Span = {
            "traceId": w3c_trace_id(traced.trace_id),
            "spanId": span_id,
            "name": name,
            "kind": _INTERNAL,
            "startTimeUnixNano": _nanoseconds(begin),
            "endTimeUnixNano": _nanoseconds(max(begin, end)),
        }
        if parent is not None:
            found["parentSpanId"] = parent
        return found

    whole = span(told.version.name, traced.service_id, traced.parent_id, told.admitted_ms, told.ended_ms)
    whole["kind"] = _SERVER
    whole["attributes"] = _attributes(_of_invocation(told))
    spans = [whole, span("assign", assign_id, traced.service_id, told.admitted_ms, record.start_ms)]
    if told.init_began_ms is not None:
        spans.append(span("init", new_id(), assign_id, told.init_began_ms, record.start_ms))
    run = span("run", traced.segment_id, traced.service_id, record.start_ms, told.answered_ms)
    spans.append(run)
    if record.spans:
        spans.append(span("answer", new_id(), traced.service_id, told.answered_ms, told.ended_ms))
    if record.status is not Status.SUCCESS:
        whole["status"] = run["status"] = {
            "code": _ERROR,
            "message": record.error_type or record.status.value,
        }
    return spans


def _nanoseconds(ms: float) -> str:
    """Whole microseconds: more than that a float of this size does not hold."""
    return f"{round(ms * 1000)}000"


def _resource(version: FunctionVersion) -> Mapping[str, object]:
    return {
        "service.name": version.name,
        "cloud.provider": "aws",
        "cloud.platform": "aws_lambda",
        "cloud.region": version.scope.region,
        "cloud.account.id": version.scope.account,
        "faas.name": version.name,
        "faas.version": version.version,
        "faas.max_memory": version.memory_mib * MIB,
    }


def _of_invocation(told: Told) -> Mapping[str, object]:
    return {
        "faas.invocation_id": told.record.request_id,
        "faas.coldstart": told.is_cold,
        "faas.trigger": "other",
        "cloud.resource_id": told.version.qualified_arn,
    }


def _attributes(values: Mapping[str, object]) -> list[Mapping[str, object]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items()]


def _value(value: object) -> Mapping[str, object]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"stringValue": str(value)}
