"""Memory of an idle environment: how much the process tree grows by each, shared pages counted once."""

from __future__ import annotations

import time
from collections.abc import Iterable

from bench import client, proc
from bench.functions import BuildError, Kind, Spec
from bench.opening import opened
from bench.plan import FULL_MEMORY_MIB, Run
from bench.results import Key, Measure
from bench.subject import Session, Subject, UnsupportedError

_KINDS = (Kind.PYTHON, Kind.NODE, Kind.C)
_MB = 1e6


def measure(run: Run) -> None:
    """Measure each language and subject by itself: memory does not depend on the moment."""
    for kind in _KINDS:
        if kind not in run.effort.kinds:
            continue
        try:
            made = run.workshop.spec(kind, "memory", FULL_MEMORY_MIB)
        except BuildError as error:
            run.results.fail(Measure.MEMORY, "all", kind, error)
            continue
        specs = [made.named(f"memory-{kind}-{number}") for number in range(run.effort.environments)]
        for subject in run.servers:
            if kind in subject.kinds:
                _measure_subject(run, subject, specs)


def _measure_subject(run: Run, subject: Subject, specs: list[Spec]) -> None:
    kind = specs[0].kind
    run.say(f"memory: {subject.name} {kind}, {len(specs)} environments")
    with opened(run, Measure.MEMORY, [(subject, specs)]) as sessions:
        if subject.name not in sessions:
            return
        try:
            per_environment = _growth(run, sessions[subject.name], specs)
        except (UnsupportedError, client.CallError) as error:
            run.results.fail(Measure.MEMORY, subject.name, kind, error)
            return
    run.results.add(Key(Measure.MEMORY, subject.name, "idle_environment_pss_mb", kind), per_environment / _MB)


def _growth(run: Run, session: Session, specs: list[Spec]) -> float:
    targets = [session.target(spec.name) for spec in specs]
    servers = {target.pid for target in targets}
    time.sleep(run.effort.settle_s)
    # A server per function (the emulator) belongs to the environment: nothing is taken off for it.
    before = 0 if len(servers) == len(specs) > 1 else _pss(servers)
    for target in targets:
        client.invoke(target.port, target.path, b"{}")
    time.sleep(run.effort.settle_s)
    return (_pss(servers) - before) / len(specs)


def _pss(pids: Iterable[int]) -> int:
    return sum(proc.tree_memory(pid).tree_pss for pid in pids)
