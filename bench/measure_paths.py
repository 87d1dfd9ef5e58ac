"""Cold starts by the path they take: out of a pool, forked now, executed now; and the bare interpreter.

A server per path, each with the settings that leave no other path, take turns at fresh functions. Which path
was taken is looked up in the server's status after every call: a row whose calls took another one fails.
"""

from __future__ import annotations

import http.client
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bench import client, interpreters, status
from bench.functions import BuildError, Kind, Spec
from bench.interpreters import Interpreted
from bench.opening import opened
from bench.plan import FULL_MEMORY_MIB, Run
from bench.results import Key, Measure, p99
from bench.subject import Session, Subject, UnsupportedError
from bench.subject_api import lambdad

POOL, FORK, SPAWN = "pool", "fork", "spawn"
BARE = "bare interpreter"
FIRST_ANSWER, TAIL = "first_answer_ms", "p99_ms"
_SETTINGS: Mapping[str, Mapping[str, str]] = {
    POOL: {},
    FORK: {"LAMBDAD_POOL_MEMORY_MIB": "1"},
    SPAWN: {"LAMBDAD_POOLS": "false"},
}
_FULL_WITHIN_S = 20.0
_PAUSE_S = 0.1
FAILURES = (UnsupportedError, client.CallError, OSError, http.client.HTTPException)


@dataclass(frozen=True, slots=True)
class _Row:
    """One runtime by one path; `subject` is the server that has no other."""

    path: str
    runtime: str
    subject: Subject


def subject_of(name: str, path: str) -> str:
    """How a path of a checkout is called in the tables."""
    return f"{name}, {path}"


def measure(run: Run) -> None:
    """Measure every checkout of lambdad by itself; what peers take is in the measure of cold starts."""
    for name in run.programs:
        for function, interpreter, spec in _functions(run, name):
            _measure_function(run, name, function, interpreter, spec)


def _functions(run: Run, name: str) -> Iterator[tuple[str, Interpreted | None, Spec]]:
    """Each runtime, its interpreter (None when compiled) and its function."""
    try:
        found, why = interpreters.find(run.programs[name], run.environments[name])
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        run.results.fail(Measure.PATHS, name, "runtimes", error)
        found, why = [], None
    if why is not None:
        run.results.fail(Measure.PATHS, name, "newer Node", why)
    for one in found:
        if one.kind in run.effort.kinds:
            made = run.workshop.spec(one.kind, f"path-{one.kind}", FULL_MEMORY_MIB)
            yield one.runtime, one, replace(made, runtime=one.runtime)
    if Kind.C in run.effort.kinds:
        try:
            yield Kind.C.value, None, run.workshop.spec(Kind.C, "path-c", FULL_MEMORY_MIB)
        except BuildError as error:
            run.results.fail(Measure.PATHS, name, Kind.C, error)


def _measure_function(
    run: Run, name: str, function: str, interpreter: Interpreted | None, made: Spec
) -> None:
    # Only Python is forked; without a pool everything else is executed, as without pools at all.
    paths = (POOL, FORK, SPAWN) if made.kind is Kind.PYTHON else (POOL, SPAWN)
    specs = [made.named(f"{made.name}-{number}") for number in range(run.effort.cold_samples)]
    rows = [_Row(path, function, _server(run, name, path)) for path in paths]
    # One server after the other in every turn, so that the machine's mood meets all of them.
    with opened(run, Measure.PATHS, [(row.subject, specs) for row in rows]) as sessions:
        time.sleep(run.effort.settle_s)
        for spec in specs:
            run.say(f"paths: {function} {spec.name}")
            if interpreter is not None:
                _bare(run, interpreter)
            for row in rows:
                if row.subject.name in sessions:
                    _sample(run, row, sessions[row.subject.name], spec)
                    time.sleep(_PAUSE_S)
    _tails(run, function, rows)


def _server(run: Run, name: str, path: str) -> Subject:
    environment = {**run.environments[name], **_SETTINGS[path]}
    return lambdad(subject_of(name, path), run.programs[name], environment)


def _bare(run: Run, interpreter: Interpreted) -> None:
    try:
        seconds = interpreter.start_s()
    except (OSError, subprocess.SubprocessError) as error:
        run.results.fail(Measure.PATHS, BARE, interpreter.runtime, error)
        return
    run.results.add(Key(Measure.PATHS, BARE, FIRST_ANSWER, interpreter.runtime), seconds * 1e3)


def _sample(run: Run, row: _Row, session: Session, spec: Spec) -> None:
    results, name = run.results, row.subject.name
    if results.failed(Measure.PATHS, name, row.runtime):
        return
    key = Key(Measure.PATHS, name, FIRST_ANSWER, row.runtime)
    try:
        target = session.target(spec.name)
        if row.path == POOL:
            status.await_full(target.port, _FULL_WITHIN_S)
        seconds = cold(target.port, target.path, row.path)
    except FAILURES as error:
        results.fail(Measure.PATHS, name, row.runtime, error)
        # Of a row that took another path once, nothing is shown.
        results.values.pop(key, None)
        return
    results.add(key, seconds * 1e3)


def cold(port: int, path: str, claimed: str) -> float:
    """Invoke what has no environment; the seconds from request to answer.

    Raises:
        CallError: it failed, or its environment did not come by the path `claimed`.
    """
    before = status.starts(port)
    seen = client.invoke(port, path, b"{}")
    ways = status.taken(before, status.starts(port))
    if ways != {claimed: 1}:
        raise client.CallError(f"it did not take the path {claimed}, but: {ways or 'none'}")
    return seen.seconds


def _tails(run: Run, function: str, rows: Sequence[_Row]) -> None:
    for subject in (BARE, *(row.subject.name for row in rows)):
        values = run.results.values.get(Key(Measure.PATHS, subject, FIRST_ANSWER, function))
        if values:
            run.results.add(Key(Measure.PATHS, subject, TAIL, function), p99(values))
