"""Streamed responses: from a function's write to its caller's read, and how fast the burst passes.

The function writes the time of the clock that all processes of a machine share (CLOCK_MONOTONIC),
the caller looks at the same clock when it has read. Peers do not stream.
"""

from __future__ import annotations

import http.client
import json
import re
import time

from bench import client
from bench.functions import Kind
from bench.opening import opened
from bench.plan import FULL_MEMORY_MIB, Run
from bench.results import Key, Measure
from bench.subject import Session, UnsupportedError

_WRITTEN = re.compile(rb"@(\d+)@")
_BURST_BYTES = 5 * 1024 * 1024
"""Less than the 6 MB that are not throttled."""


def measure(run: Run) -> None:
    """Stream from a Node.js function of every lambdad, in turn."""
    spec = run.workshop.spec(Kind.NODE, "stream", FULL_MEMORY_MIB, handler="stream")
    subjects = [(subject, [spec]) for subject in run.servers if subject.name in run.programs]
    with opened(run, Measure.STREAM, subjects) as sessions:
        # The first call starts the environment and is not counted.
        for number in range(run.effort.payloads + 1):
            for name, session in sessions.items():
                _sample(run, name, session, spec.name, counts=number > 0)


def _sample(run: Run, name: str, session: Session, function: str, *, counts: bool) -> None:
    if run.results.failed(Measure.STREAM, name, "stream"):
        return
    run.say(f"stream: {name}")
    try:
        port = session.target(function).port
        figures = {
            "first_byte_ms": _first_byte_ms(port, function),
            "burst_5_mb_ms": _burst_ms(port, function),
        }
    except (UnsupportedError, client.CallError, OSError, http.client.HTTPException) as error:
        run.results.fail(Measure.STREAM, name, "stream", error)
        return
    if counts:
        for metric, value in figures.items():
            run.results.add(Key(Measure.STREAM, name, metric, Kind.NODE), value)


def _first_byte_ms(port: int, function: str) -> float:
    line, answer = _begin(port, function, 0)
    heard = b""
    while (written := _WRITTEN.search(heard)) is None:
        part = answer.read1()
        read_ns = time.monotonic_ns()
        if not part:
            raise client.CallError(f"the stream ended: {heard[-300:]!r}")
        heard += part
    answer.read()
    line.close()
    return (read_ns - int(written.group(1))) / 1e6


def _burst_ms(port: int, function: str) -> float:
    begun = time.perf_counter()
    line, answer = _begin(port, function, _BURST_BYTES)
    size = len(answer.read())
    seconds = time.perf_counter() - begun
    line.close()
    if size < _BURST_BYTES:
        raise client.CallError(f"only {size} bytes came")
    return seconds * 1e3


def _begin(
    port: int, function: str, size: int
) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    line = client.dial(port)
    path = f"/2021-11-15/functions/{function}/response-streaming-invocations"
    line.request("POST", path, json.dumps(size).encode(), {"Authorization": client.AUTHORIZATION})
    answer = line.getresponse()
    if answer.status != 200:
        raise client.CallError(f"{answer.status} {answer.read()[:300]!r}")
    return line, answer
