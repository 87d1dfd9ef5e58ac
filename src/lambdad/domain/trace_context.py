"""Which trace an invocation belongs to, and the headers that say so; pure.

X-Ray's header is what functions and SDKs of AWS pass on; W3C's `traceparent` is understood from callers and
becomes X-Ray's. A trace is the same under both: X-Ray's `1-5759e988-bd862e3fe1be46a994272793` is W3C's
`5759e988bd862e3fe1be46a994272793`.

Source: X-Ray developer guide, "Tracing header" and "Trace ID format"; W3C Trace Context, 3.2 (version 00).
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from lambdad.domain.lineage import MOST_CHARACTERS

SAMPLED: Final = "Sampled=1"

_ROOT: Final = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
_PARENT: Final = re.compile(r"[0-9a-f]{16}")
_W3C: Final = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_NO_TRACE: Final = b"0" * 32
_NO_SPAN: Final = b"0" * 16
_MOST_BYTES: Final = 256
_MOST_FIELDS: Final = 16


class Traced(NamedTuple):
    """An invocation that is sampled.

    Attributes:
        trace_id: as X-Ray writes it.
        segment_id: of the function; its header and its report name it.
        service_id: of the invocation as a whole, of which the function is a part.
        parent_id: whoever called; None for the first of a trace.
        is_shown: in the log and to X-Ray: the version traces actively, or the caller was sampled.
    """

    trace_id: str
    segment_id: str
    service_id: str
    parent_id: str | None
    is_shown: bool


class TraceContext(NamedTuple):
    """What a header says.

    Attributes:
        parent: None without one.
        sampled: None when whoever comes next is to decide.
        others: further fields, as they stand.
    """

    root: str
    parent: str | None
    sampled: bool | None
    others: tuple[str, ...]

    def header(self, parent: str, *, sampled: bool) -> str:
        """X-Ray's header for whoever is called within this trace."""
        return ";".join((f"Root={self.root}", f"Parent={parent}", f"Sampled={int(sampled)}", *self.others))


def read(header: str) -> TraceContext | None:
    """What X-Ray's header says; None for one that names no trace."""
    if len(header) > MOST_CHARACTERS:
        return None
    root = parent = None
    sampled: bool | None = None
    others = []
    for field in header.split(";", _MOST_FIELDS):
        name, _, value = field.strip().partition("=")
        match name.lower():
            case "root":
                root = value if _ROOT.fullmatch(value) else None
            case "parent":
                parent = value if _PARENT.fullmatch(value) else None
            case "sampled":
                sampled = {"0": False, "1": True}.get(value)
            case _:
                others.append(field)
    return None if root is None else TraceContext(root, parent, sampled, tuple(others))


def from_w3c(traceparent: bytes) -> bytes | None:
    """X-Ray's header for a `traceparent`; None for one that is not valid."""
    found = _W3C.fullmatch(traceparent) if len(traceparent) <= _MOST_BYTES else None
    if found is None:
        return None
    version, trace, span, flags, more = found.groups()
    if version == b"ff" or trace == _NO_TRACE or span == _NO_SPAN or (version == b"00" and more):
        return None
    return b"Root=1-%s-%s;Parent=%s;Sampled=%d" % (trace[:8], trace[8:], span, int(flags, 16) & 1)


def w3c_trace_id(trace_id: str) -> str:
    """A trace's id as W3C and OpenTelemetry write it."""
    return trace_id.removeprefix("1-").replace("-", "")
