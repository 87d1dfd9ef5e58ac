"""A burst of cold invokes beside warm traffic: what it does to the warm caller, and how much memory it takes.

One caller, a process of its own, invokes a warm function all the time, first alone, then while many callers
invoke at once what nobody has invoked yet: one function each, or all the same function.
"""

from __future__ import annotations

import http.client
import json
import statistics
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass

from bench import client
from bench.functions import Kind, Spec
from bench.opening import opened
from bench.plan import FULL_MEMORY_MIB, Run
from bench.results import Key, Measure, p99
from bench.subject import Session, Subject, UnsupportedError
from bench.warm_caller import WarmCaller

MIB = 1024 * 1024
_ALONE_S = 3.0
_LOOK_S = 0.05
_MANY, _SAME = "many functions", "one function"


def measure(run: Run) -> None:
    """Measure every checkout of lambdad; peers neither scale nor isolate."""
    for subject in run.servers:
        if subject.name in run.programs:
            for form in (_MANY, _SAME):
                _measure_form(run, subject, form)


def _measure_form(run: Run, subject: Subject, form: str) -> None:
    count = run.effort.burst
    made = run.workshop.spec(Kind.PYTHON, "burst", FULL_MEMORY_MIB)
    warm = made.named("burst-warm")
    cold = [made.named(f"burst-{number}") for number in range(count if form == _MANY else 1)]
    run.say(f"burst: {subject.name}, {count} at once, {form}")
    with opened(run, Measure.BURST, [(subject, [warm, *cold])]) as sessions:
        if subject.name not in sessions:
            return
        try:
            seen = _burst(sessions[subject.name], warm, [cold[number % len(cold)] for number in range(count)])
        except (UnsupportedError, client.CallError, OSError, http.client.HTTPException) as error:
            run.results.fail(Measure.BURST, subject.name, form, error)
            return
    for metric, value in seen.items():
        run.results.add(Key(Measure.BURST, subject.name, metric, form), value)


def _burst(session: Session, warm: Spec, cold: Sequence[Spec]) -> dict[str, float]:
    target = session.target(warm.name)
    targets = [session.target(spec.name) for spec in cold]
    client.invoke(target.port, target.path, b"{}")
    caller = WarmCaller(target.port, target.path)
    time.sleep(_ALONE_S)
    peak = _Peak(target.port)
    with ThreadPoolExecutor(len(targets)) as callers:
        begin = time.monotonic()
        answers = [callers.submit(client.invoke, one.port, one.path, b"{}") for one in targets]
        peak.start()
        cold_s = [one.result().seconds for one in as_completed(answers)]
        took = time.monotonic() - begin
    peak.stop()
    alone, beside = _split(caller.seen(), begin, begin + took)
    return {**_figures(alone, beside, cold_s), "burst_s": took, "peak_mib": peak.highest / MIB}


def _split(seen: Sequence[tuple[float, float]], begin: float, end: float) -> tuple[list[float], list[float]]:
    """Seconds of the calls that were over before the burst began, and of those that it touched."""
    alone = [took for at, took in seen if at < begin]
    beside = [took for at, took in seen if at >= begin and at - took <= end]
    if not alone or not beside:
        raise client.CallError("the warm caller called only before or only beside the burst")
    return alone, beside


def _figures(alone: list[float], beside: list[float], cold: list[float]) -> dict[str, float]:
    before, during = p99(alone), p99(beside)
    return {
        "warm_p99_alone_ms": before * 1e3,
        "warm_p99_beside_ms": during * 1e3,
        "warm_p99_ratio": during / before,
        "cold_p50_ms": statistics.median(cold) * 1e3,
        "cold_max_ms": max(cold) * 1e3,
    }


@dataclass(slots=True)
class Capacity:
    """What the server says of its environments: how many, and their memory in bytes."""

    environments: int
    frozen: int
    memory_bytes: int


def capacity(line: http.client.HTTPConnection) -> Capacity:
    """Ask for it.

    Raises:
        CallError: a server that does not say (another checkout).
    """
    status = json.loads(client.call(line, "GET", "/lambdad/v1/status").body)
    if "capacity" not in status:
        raise client.CallError("its status has no capacity")
    frozen = sum(one["state"] == "frozen" for one in status["environments"])
    return Capacity(len(status["environments"]), frozen, status["capacity"]["memory_bytes"])


class _Peak(threading.Thread):
    """Looks again and again how much memory the environments take."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._ended = threading.Event()
        self.highest = 0

    def run(self) -> None:
        with closing(client.dial(self._port)) as line:
            while not self._ended.wait(_LOOK_S):
                self.highest = max(self.highest, capacity(line).memory_bytes)

    def stop(self) -> None:
        self._ended.set()
        self.join()
