"""Whether the log has everything of the calls that were answered."""

from __future__ import annotations

import re
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from tests.running import Server
from tests.soak.functions import Function, Kind

_START, _END = re.compile(r"START RequestId: (\S+)"), re.compile(r"END RequestId: (\S+)")
_REPORT, _PRINTED = re.compile(r"REPORT RequestId: (\S+)"), re.compile(r"(?:printed|handling) (\S+)")
_WORDS = {"START": _START, "END": _END, "REPORT": _REPORT, "printed": _PRINTED}
_SILENT = {Kind.BROKEN, Kind.HANGING}
_LOG_GROUP = "/aws/lambda/"
_WITHIN_S = 10.0


def missing(
    server: Server,
    functions: Sequence[Function],
    answered: Mapping[str, Sequence[tuple[str, str]]],
    since: float,
) -> list[str]:
    """What the log lacks, or has twice, of calls answered since a time (seconds since the epoch).

    Every answered call has one START, END and REPORT; one that succeeded has what its function prints.
    """
    deadline = time.monotonic() + _WITHIN_S
    while (found := _missing(server, functions, answered, since)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def _missing(
    server: Server,
    functions: Sequence[Function],
    answered: Mapping[str, Sequence[tuple[str, str]]],
    since: float,
) -> list[str]:
    found = []
    for function in functions:
        if function.name not in answered:
            continue
        counts = _counts(server, function.name, since)
        for request_id, ended in answered[function.name]:
            words = ["START", "END", "REPORT"]
            if not ended and function.kind not in _SILENT:
                words.append("printed")
            found += [
                f"{function.name}: {counts[request_id][word]} {word} of {request_id}, which ended as {ended!r}"
                for word in words
                if counts[request_id][word] != 1
            ]
    return found


def _counts(server: Server, name: str, since: float) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    pages = server.client("logs").get_paginator("filter_log_events")
    for page in pages.paginate(logGroupName=_LOG_GROUP + name, startTime=int(since * 1000) - 1000):
        for event in page["events"]:
            for word, pattern in _WORDS.items():
                if match := pattern.match(event["message"]):
                    counts[match[1]][word] += 1
    return counts
