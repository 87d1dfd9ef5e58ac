"""Cold start: a function nobody has invoked yet, from sending the request to its answer."""

from __future__ import annotations

import time

from bench import client
from bench.functions import BuildError, Kind, Spec
from bench.opening import opened
from bench.plan import FULL_MEMORY_MIB, SMALL_MEMORY_MIB, Run
from bench.results import Key, Measure
from bench.subject import Session, Subject, UnsupportedError

_KINDS = (Kind.PYTHON, Kind.NODE, Kind.C)
# Between two samples: a server may make ready what the last one used up, as between real cold starts.
_PAUSE_S = 0.1


def measure(run: Run) -> None:
    """Take fresh functions one by one, every subject in turn."""
    for kind in _KINDS:
        if kind not in run.effort.kinds:
            continue
        for size in (FULL_MEMORY_MIB, SMALL_MEMORY_MIB):
            try:
                made = run.workshop.spec(kind, "cold", size)
            except BuildError as error:
                run.results.fail(Measure.COLD, "all", kind, error)
                break
            _measure_size(run, made)


def _measure_size(run: Run, made: Spec) -> None:
    specs = [made.named(f"cold-{made.kind}-{number}") for number in range(run.effort.cold_samples)]
    small = made.memory_mib == SMALL_MEMORY_MIB
    subjects: list[Subject] = [
        subject
        for subject in run.servers
        if made.kind in subject.kinds and (subject.memory_matters or not small)
    ]
    with opened(run, Measure.COLD, [(subject, specs) for subject in subjects]) as sessions:
        time.sleep(run.effort.settle_s)
        for spec in specs:
            for subject in subjects:
                if subject.name in sessions:
                    size = spec.memory_mib if subject.memory_matters else None
                    _sample(run, subject.name, sessions[subject.name], spec, size)
                    time.sleep(_PAUSE_S)


def _sample(run: Run, name: str, session: Session, spec: Spec, size: int | None) -> None:
    if run.results.failed(Measure.COLD, name, spec.kind):
        return
    run.say(f"cold: {name} {spec.name}")
    try:
        target = session.target(spec.name)
        seen = client.invoke(target.port, target.path, b"{}")
    except (UnsupportedError, client.CallError) as error:
        run.results.fail(Measure.COLD, name, spec.kind, error)
        return
    run.results.add(Key(Measure.COLD, name, "first_answer_ms", spec.kind, size), seen.seconds * 1e3)
