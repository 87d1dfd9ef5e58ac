"""An invocation as people read it: what became of it, and where its time went; pure.

::

    accepted ─ queue ─▶ admitted ─ wait ─ make ─ init or restore ─▶ to the function ─ run ─ extensions ─▶ over

An environment may have begun to come up before the invocation came, for another one or ahead of it; what was
over by then is no part of its time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lambdad.domain.platform_log import InvocationRecord
from lambdad.ports.log_store import StreamKey

_PLACES = 3


def told(stream: StreamKey, record: InvocationRecord) -> Mapping[str, object]:
    """One invocation; times are ms since the epoch, and durations ms."""
    restore, birth = record.restore, record.birth
    return {
        "request_id": record.request_id,
        "version": record.version,
        "status": record.status.value,
        "error_type": record.error_type,
        "accepted_ms": record.accepted_ms,
        "started_ms": record.start_ms,
        "ended_ms": record.end_ms,
        "duration_ms": round(record.duration_ms, _PLACES),
        "billed_ms": record.billed_ms,
        "init_ms": None if record.init_ms is None else round(record.init_ms, _PLACES),
        "restore_ms": None if restore is None else round(restore.duration_ms, _PLACES),
        "memory_mib": record.memory_mib,
        "max_memory_mib": record.max_memory_mib,
        "start": "warm" if birth is None else "cold",
        "start_path": None if birth is None else birth.path,
        "tenant": record.tenant,
        "trace_id": record.trace_id,
        "log_group": stream.group,
        "log_stream": stream.stream,
        "stages": [{"stage": name, "duration_ms": round(took, _PLACES)} for name, took in stages_of(record)],
    }


def stages_of(record: InvocationRecord) -> Iterator[tuple[str, float]]:
    """Where its time went, in order; one stage begins where the one before ends."""
    if record.accepted_ms is not None:
        yield "queue", max(0.0, record.start_ms - record.waited_ms - record.accepted_ms)
    came_up = list(_coming_up(record))
    yield "wait", max(0.0, record.waited_ms - sum(took for _, took in came_up))
    yield from reversed(came_up)
    overhead = sum(span.duration_ms for span in record.spans)
    yield "run", max(0.0, record.duration_ms - overhead)
    if record.spans:
        yield "extensions", overhead


def _coming_up(record: InvocationRecord) -> Iterator[tuple[str, float]]:
    """How its environment came up while it waited, the last first."""
    left = record.waited_ms
    last = None if record.restore is None else ("restore", record.restore.duration_ms)
    if last is None and record.init_ms is not None:
        last = ("init", record.init_ms)
    made = None if record.birth is None else ("make", record.birth.made_ms)
    for each in (last, made):
        if each is not None and left > 0:
            name, took = each
            yield name, min(took, left)
            left -= min(took, left)
