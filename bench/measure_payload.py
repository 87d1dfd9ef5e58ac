"""Six megabytes in and six megabytes out of one synchronous invoke, on a kept-alive connection."""

from __future__ import annotations

import http.client

from bench import client
from bench.functions import Kind
from bench.opening import opened
from bench.plan import FULL_MEMORY_MIB, Run
from bench.results import Key, Measure
from bench.subject import Session, Subject, UnsupportedError

PAYLOAD_BYTES = 6 * 1024 * 1024
"""The largest synchronous event. Source: Lambda quotas, invocation payload, 6 MB."""


def measure(run: Run) -> None:
    """Send the largest event to a function that gives it back, every subject in turn."""
    body = b'"' + b"a" * (PAYLOAD_BYTES - 2) + b'"'
    spec = run.workshop.spec(Kind.PYTHON, "echo", FULL_MEMORY_MIB, handler="echo")
    subjects: list[Subject] = [run.echo_floor, *run.servers]
    with opened(run, Measure.PAYLOAD, [(subject, [spec]) for subject in subjects]) as sessions:
        lines = {name: _line(session, spec.name) for name, session in sessions.items()}
        # The first call starts the environment and is not counted.
        for number in range(run.effort.payloads + 1):
            for name, session in sessions.items():
                _sample(run, name, session, spec.name, lines[name], body, counts=number > 0)
        for line in lines.values():
            if line is not None:
                line.close()


def _line(session: Session, function: str) -> http.client.HTTPConnection | None:
    try:
        return client.dial(session.target(function).port)
    except UnsupportedError:
        return None


def _sample(
    run: Run,
    name: str,
    session: Session,
    function: str,
    line: http.client.HTTPConnection | None,
    body: bytes,
    *,
    counts: bool,
) -> None:
    if run.results.failed(Measure.PAYLOAD, name, "6 MB"):
        return
    run.say(f"payload: {name}")
    try:
        path = session.target(function).path
        seen = client.call(line or client.dial(0), "POST", path, body)
        client.check(seen, path)
        if len(seen.body) < PAYLOAD_BYTES:
            run.results.fail(Measure.PAYLOAD, name, "6 MB", f"only {len(seen.body)} bytes came back")
            return
    except (UnsupportedError, client.CallError, OSError, http.client.HTTPException) as error:
        run.results.fail(Measure.PAYLOAD, name, "6 MB", error)
        return
    if counts:
        run.results.add(Key(Measure.PAYLOAD, name, "six_mb_both_ways_ms", Kind.PYTHON), seen.seconds * 1e3)
