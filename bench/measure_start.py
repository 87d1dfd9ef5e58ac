"""Server start, spawn → first answered request, and what the idle server holds in memory then."""

from __future__ import annotations

import time

from bench import proc
from bench.functions import Kind
from bench.opening import opened
from bench.plan import FULL_MEMORY_MIB, Run
from bench.results import Key, Measure

_MB = 1e6


def measure(run: Run) -> None:
    """Start each server several times, in turn; the emulator and serverless-offline with one function."""
    spec = run.workshop.spec(Kind.PYTHON, "start", FULL_MEMORY_MIB)
    for _ in range(run.effort.starts):
        for subject in run.servers:
            if run.results.failed(Measure.START, subject.name, "start"):
                continue
            specs = [spec] if subject.needs_functions else []
            with opened(run, Measure.START, [(subject, specs)]) as sessions:
                session = sessions.get(subject.name)
                if session is None:
                    continue
                time.sleep(run.effort.settle_s / 2)
                pid = session.target(spec.name).pid if specs else session.pid
                seen = proc.tree_memory(pid)
                figures = {
                    "start_ms": session.ready_s * 1e3,
                    "server_idle_rss_mb": seen.own_rss / _MB,
                    "server_idle_pss_mb": seen.own_pss / _MB,
                    "helpers_idle_pss_mb": (seen.tree_pss - seen.own_pss) / _MB,
                }
                for metric, value in figures.items():
                    run.results.add(Key(Measure.START, subject.name, metric), value)
