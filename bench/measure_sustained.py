"""Cold starts per second, as fast as a few callers can: every call is of a function nobody invoked yet."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

from bench import client, status
from bench.functions import Kind, Spec
from bench.measure_paths import FAILURES
from bench.opening import opened
from bench.plan import FULL_MEMORY_MIB, Run
from bench.results import Key, Measure, p99
from bench.subject import Session, Subject

CALLERS = (4, 8)


def measure(run: Run) -> None:
    """Measure every checkout of lambdad; fresh functions for each number of callers."""
    for subject in run.servers:
        if subject.name in run.programs:
            for callers in CALLERS:
                _measure_callers(run, subject, callers)


def _measure_callers(run: Run, subject: Subject, callers: int) -> None:
    made = run.workshop.spec(Kind.PYTHON, "sustained", FULL_MEMORY_MIB)
    specs = [made.named(f"sustained-{number}") for number in range(run.effort.sustained)]
    run.say(f"sustained: {subject.name}, {len(specs)} functions, {callers} callers")
    with opened(run, Measure.SUSTAINED, [(subject, specs)]) as sessions:
        if subject.name not in sessions:
            return
        time.sleep(run.effort.settle_s)
        try:
            seen = _all(sessions[subject.name], specs, callers)
        except FAILURES as error:
            run.results.fail(Measure.SUSTAINED, subject.name, f"{callers} callers", error)
            return
    for metric, value in seen.items():
        key = Key(Measure.SUSTAINED, subject.name, metric, f"{callers} callers")
        run.results.add(key, value)


def _all(session: Session, specs: list[Spec], callers: int) -> dict[str, float]:
    targets = [session.target(spec.name) for spec in specs]
    before = status.starts(targets[0].port)
    begin = time.perf_counter()
    with ThreadPoolExecutor(callers) as crowd:
        answers = list(crowd.map(lambda one: client.invoke(one.port, one.path, b"{}"), targets))
    took = time.perf_counter() - begin
    ways = status.taken(before, status.starts(targets[0].port))
    if sum(ways.values()) != len(targets):
        raise client.CallError(f"{len(targets)} calls made {sum(ways.values())} environments: {ways}")
    seconds = [answer.seconds for answer in answers]
    return {
        "cold_per_s": len(targets) / took,
        "p50_ms": statistics.median(seconds) * 1e3,
        "p99_ms": p99(seconds) * 1e3,
        **{f"by_{path}": float(ways.get(path, 0)) for path in ("pool", "fork", "spawn")},
    }
