"""Many idle environments of as many functions on one machine: memory of each, and how they answer.

Memory is the proportional share of all processes, plus what the kernel keeps for them: slab, page tables
and control groups, as the growth of the machine's counters.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from bench import client, proc
from bench.functions import Kind
from bench.measure_burst import capacity
from bench.opening import opened
from bench.plan import FULL_MEMORY_MIB, Run
from bench.results import Key, Measure, p99
from bench.subject import Session, Subject, UnsupportedError

_MB = 1e6
_KERNEL = ("SUnreclaim:", "PageTables:", "KernelStack:", "Percpu:")
_FROZEN_WITHIN_S = 30.0


def measure(run: Run) -> None:
    """Measure every checkout of lambdad."""
    for subject in run.servers:
        if subject.name in run.programs:
            _measure_subject(run, subject)


def _measure_subject(run: Run, subject: Subject) -> None:
    made = run.workshop.spec(Kind.PYTHON, "dense", FULL_MEMORY_MIB)
    specs = [made.named(f"dense-{number}") for number in range(run.effort.density)]
    run.say(f"density: {subject.name}, {len(specs)} functions")
    with opened(run, Measure.DENSITY, [(subject, specs)]) as sessions:
        if subject.name not in sessions:
            return
        try:
            seen = _fill(run, sessions[subject.name], [spec.name for spec in specs])
        except (UnsupportedError, client.CallError, OSError, http.client.HTTPException) as error:
            run.results.fail(Measure.DENSITY, subject.name, f"{len(specs)} environments", error)
            return
    for metric, value in seen.items():
        run.results.add(Key(Measure.DENSITY, subject.name, metric, Kind.PYTHON), value)


def _fill(run: Run, session: Session, names: Sequence[str]) -> dict[str, float]:
    targets = [session.target(name) for name in names]
    time.sleep(run.effort.settle_s)
    shares, kernel = proc.tree_memory(session.pid).tree_pss, kernel_bytes()
    begin = time.perf_counter()
    with closing(client.dial(targets[0].port)) as line:
        for target in targets:
            client.check(client.call(line, "POST", target.path, b"{}"), target.path)
        filled_s = time.perf_counter() - begin
        _await_frozen(line, len(targets))
        time.sleep(run.effort.settle_s)
        grown = proc.tree_memory(session.pid).tree_pss - shares
        kept = kernel_bytes() - kernel
        seconds = sorted(_called(line, target.path) for target in targets)
    return {
        "environments": len(targets),
        "pss_each_mb": grown / len(targets) / _MB,
        "kernel_each_mb": kept / len(targets) / _MB,
        "each_mb": (grown + kept) / len(targets) / _MB,
        "cold_per_s": len(targets) / filled_s,
        "again_p50_ms": seconds[len(seconds) // 2] * 1e3,
        "again_p99_ms": p99(seconds) * 1e3,
        "again_max_ms": seconds[-1] * 1e3,
    }


def _called(line: http.client.HTTPConnection, path: str) -> float:
    answer = client.call(line, "POST", path, b"{}")
    client.check(answer, path)
    return answer.seconds


def _await_frozen(line: http.client.HTTPConnection, count: int) -> None:
    """Wait until all are there and frozen.

    Raises:
        CallError: some were ended, or are not frozen in time.
    """
    deadline = time.monotonic() + _FROZEN_WITHIN_S
    while (seen := capacity(line)).frozen < count:
        if seen.environments < count or time.monotonic() > deadline:
            raise client.CallError(f"{seen.environments} of {count} are there, {seen.frozen} are frozen")
        time.sleep(0.1)


def kernel_bytes(meminfo: Path = Path("/proc/meminfo")) -> int:
    """What the kernel keeps on this machine that it cannot take back, in bytes."""
    fields = (line.split() for line in meminfo.read_text().splitlines())
    return sum(int(words[1]) * 1024 for words in fields if words[0] in _KERNEL)
