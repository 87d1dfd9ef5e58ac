"""What the platform says of an environment's life, as values.

A `PlatformEvent` is made once from facts and rendered three ways: as a line of a text log
(`platform_text`), as a line of a JSON log (`platform_json`) and as a record of the Telemetry and Logs APIs.
What is said of one invocation is made from its `platform_log.InvocationRecord`, for most logs never ask for
more than its text.

Source: spec runtime-api §4, the newest schema (2025-01-29); `?` members are left out when there is nothing
to say. `platform.end` and `platform.fault` exist for subscribers of the older Logs API only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypedDict, Unpack

from lambdad.domain.outcome import Status
from lambdad.domain.platform_json import timestamp

ON_DEMAND = "on-demand"
"""Initialization type of an environment that an invocation asked for."""
PROVISIONED = "provisioned-concurrency"
"""Initialization type of an environment that is kept for a version."""
SNAP_START = "snap-start"
"""Initialization type, and phase, of what a snapshot is made of; type of what is restored from it."""


class PlatformEvent(NamedTuple):
    """One event: `time_ms` since the epoch, AWS's `type`, and its record (text for `platform.fault`)."""

    time_ms: int
    type: str
    record: Mapping[str, object] | str


class Span(NamedTuple):
    """A part of a phase; `start_ms` since the epoch."""

    name: str
    start_ms: int
    duration_ms: float


class EnvironmentFacts(TypedDict):
    """What an environment is, as told when it begins.

    Attributes:
        function_name: without version.
        function_version: ``$LATEST`` or a number.
        runtime_version: for example ``python:3.12.v38``; None when the function brings its own runtime.
        runtime_version_arn: beside `runtime_version`.
        instance_id: names the environment; AWS shows its log stream.
        memory_bytes: what the environment may use.
    """

    function_name: str
    function_version: str
    runtime_version: str | None
    runtime_version_arn: str | None
    instance_id: str
    memory_bytes: int


def init_start(
    time_ms: int,
    *,
    initialization_type: str,
    phase: str,
    **environment: Unpack[EnvironmentFacts],
) -> PlatformEvent:
    """Init begins.

    Args:
        time_ms: ms since the epoch.
        initialization_type: `ON_DEMAND`, `PROVISIONED` or `SNAP_START`.
        phase: ``init``, ``invoke`` when Init is repeated inside an invocation, or `SNAP_START`.
        environment: what the environment is.
    """
    record: dict[str, object] = {"initializationType": initialization_type, "phase": phase}
    record.update(_environment(environment))
    return PlatformEvent(time_ms, "platform.initStart", record)


def init_runtime_done(
    time_ms: int, *, initialization_type: str, phase: str, status: Status, error_type: str | None = None
) -> PlatformEvent:
    """The runtime asked for its first event, or Init ended without that."""
    record: dict[str, object] = {
        "initializationType": initialization_type,
        "phase": phase,
        "status": status.value,
    }
    return PlatformEvent(time_ms, "platform.initRuntimeDone", _with_error(record, error_type))


def init_report(
    time_ms: int,
    *,
    initialization_type: str,
    phase: str,
    status: Status,
    duration_ms: float,
    error_type: str | None = None,
) -> PlatformEvent:
    """Init is over, extensions included."""
    record: dict[str, object] = {
        "initializationType": initialization_type,
        "phase": phase,
        "status": status.value,
        "metrics": {"durationMs": round(duration_ms, 3)},
    }
    return PlatformEvent(time_ms, "platform.initReport", _with_error(record, error_type))


def start(
    time_ms: int,
    request_id: str,
    version: str,
    tracing: Mapping[str, str] | None = None,
    *,
    tenant: str | None = None,
) -> PlatformEvent:
    """An event goes to the runtime."""
    record: dict[str, object] = {"requestId": request_id, "version": version}
    _with_tracing(record, tracing)
    return PlatformEvent(time_ms, "platform.start", _with_tenant(record, tenant))


def runtime_done(
    time_ms: int,
    *,
    request_id: str,
    status: Status,
    duration_ms: float,
    produced_bytes: int | None,
    error_type: str | None = None,
    spans: Sequence[Span] = (),
    tracing: Mapping[str, str] | None = None,
    tenant: str | None = None,
) -> PlatformEvent:
    """The runtime has dealt with an event, well or not.

    Args:
        time_ms: ms since the epoch.
        request_id: of the event.
        status: how it ended.
        duration_ms: from handing the event over.
        produced_bytes: size of the answer; None when there was none.
        error_type: AWS's type of the failure; None when there is none.
        spans: see `response_spans`.
        tracing: see `tracing_of`.
        tenant: None unless tenants are kept apart.
    """
    metrics: dict[str, float | int] = {"durationMs": round(duration_ms, 3)}
    if produced_bytes is not None:
        metrics["producedBytes"] = produced_bytes
    record: dict[str, object] = {"requestId": request_id, "metrics": metrics}
    _add_spans(record, spans)
    _with_tracing(record, tracing)
    record["status"] = status.value
    _with_error(record, error_type)
    return PlatformEvent(time_ms, "platform.runtimeDone", _with_tenant(record, tenant))


def report(
    time_ms: int,
    *,
    request_id: str,
    metrics: Mapping[str, float],
    status: Status,
    error_type: str | None = None,
    spans: Sequence[Span] = (),
    tracing: Mapping[str, str] | None = None,
    tenant: str | None = None,
) -> PlatformEvent:
    """The invocation is over, extensions included."""
    record: dict[str, object] = {"requestId": request_id, "metrics": dict(metrics)}
    _add_spans(record, spans)
    _with_tracing(record, tracing)
    record["status"] = status.value
    _with_error(record, error_type)
    return PlatformEvent(time_ms, "platform.report", _with_tenant(record, tenant))


def end(time_ms: int, request_id: str) -> PlatformEvent:
    """The invocation is over (Logs API)."""
    return PlatformEvent(time_ms, "platform.end", {"requestId": request_id})


def fault(time_ms: int, text: str) -> PlatformEvent:
    """What went wrong, in words (Logs API)."""
    return PlatformEvent(time_ms, "platform.fault", text)


def restore_start(
    time_ms: int,
    **environment: Unpack[EnvironmentFacts],
) -> PlatformEvent:
    """An environment is being restored from a snapshot; members as of `init_start`."""
    return PlatformEvent(time_ms, "platform.restoreStart", _environment(environment))


def restore_runtime_done(time_ms: int, status: Status, error_type: str | None = None) -> PlatformEvent:
    """The runtime has run its hooks after a restore."""
    record: dict[str, object] = {"status": status.value}
    return PlatformEvent(time_ms, "platform.restoreRuntimeDone", _with_error(record, error_type))


def restore_report(
    time_ms: int, status: Status, duration_ms: float, error_type: str | None = None
) -> PlatformEvent:
    """The restore is over."""
    record: dict[str, object] = {"status": status.value, "metrics": {"durationMs": round(duration_ms, 3)}}
    return PlatformEvent(time_ms, "platform.restoreReport", _with_error(record, error_type))


def snap_start_off(time_ms: int, reason: str) -> PlatformEvent:
    """No snapshot could be made: lambdad's own, AWS has no such event."""
    return PlatformEvent(time_ms, "platform.snapStartOff", {"reason": reason})


def extension(
    time_ms: int, name: str, state: str, events: Iterable[str], error_type: str | None = None
) -> PlatformEvent:
    """An extension has come to a state (``Ready``, ``Registered``, ``LaunchError`` …)."""
    record: dict[str, object] = {"name": name, "state": state, "events": list(events)}
    return PlatformEvent(time_ms, "platform.extension", _with_error(record, error_type))


def subscription(time_ms: int, api: str, name: str, types: Iterable[str]) -> PlatformEvent:
    """An extension has subscribed; `api` is ``telemetry`` or ``logs``."""
    record = {"name": name, "state": "Subscribed", "types": list(types)}
    return PlatformEvent(time_ms, f"platform.{api}Subscription", record)


def logs_dropped(time_ms: int, *, dropped_records: int, dropped_bytes: int, reason: str) -> PlatformEvent:
    """Records were lost on their way."""
    record = {"reason": reason, "droppedRecords": dropped_records, "droppedBytes": dropped_bytes}
    return PlatformEvent(time_ms, "platform.logsDropped", record)


def response_spans(
    started_ms: int, latency_ms: float, response_ms: float, overhead_ms: float | None = None
) -> tuple[Span, ...]:
    """The spans of `platform.runtimeDone`.

    Args:
        started_ms: when the event was handed over, ms since the epoch.
        latency_ms: from then to the first byte of the answer.
        response_ms: from its first byte to its last.
        overhead_ms: from its last byte to the runtime's next request; None when it has not asked yet.
    """
    first_ms = started_ms + int(latency_ms)
    spans = (
        Span("responseLatency", started_ms, latency_ms),
        Span("responseDuration", first_ms, response_ms),
    )
    if overhead_ms is None:
        return spans
    last_ms = started_ms + int(latency_ms + response_ms)
    return (*spans, Span("runtimeOverhead", last_ms, overhead_ms))


def tracing_of(trace_id: str | None, segment_id: str | None, sampled: bool) -> Mapping[str, str] | None:
    """The trace context of a record; None when the invocation is not traced."""
    if trace_id is None:
        return None
    value = f"Root={trace_id}"
    if segment_id is not None:
        value += f";Parent={segment_id}"
    return {"type": "X-Amzn-Trace-Id", "value": f"{value};Sampled={int(sampled)}"}


def _environment(facts: EnvironmentFacts) -> dict[str, object]:
    record: dict[str, object] = {}
    if facts["runtime_version"] is not None:
        record["runtimeVersion"] = facts["runtime_version"]
        record["runtimeVersionArn"] = facts["runtime_version_arn"]
    record["functionName"] = facts["function_name"]
    record["functionVersion"] = facts["function_version"]
    record["instanceId"] = facts["instance_id"]
    record["instanceMaxMemory"] = facts["memory_bytes"]
    return record


def _with_error(record: dict[str, object], error_type: str | None) -> dict[str, object]:
    if error_type is not None:
        record["errorType"] = error_type
    return record


def _with_tenant(record: dict[str, object], tenant: str | None) -> dict[str, object]:
    if tenant is not None:
        record["tenantId"] = tenant
    return record


def _with_tracing(record: dict[str, object], tracing: Mapping[str, str] | None) -> dict[str, object]:
    if tracing is not None:
        record["tracing"] = dict(tracing)
    return record


def _add_spans(record: dict[str, object], spans: Sequence[Span]) -> None:
    if spans:
        record["spans"] = [
            {"name": span.name, "start": timestamp(span.start_ms), "durationMs": round(span.duration_ms, 3)}
            for span in spans
        ]
