"""Warm invokes: latency at one connection, rate at more, and the server's processor time for each.

Rounds are interleaved: every round gives each subject one burst, in an order that turns, so that a
change of the machine's mood meets all of them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench import client, cpu, wrk
from bench.functions import BuildError, Kind, Spec
from bench.opening import opened
from bench.plan import FULL_MEMORY_MIB, SMALL_MEMORY_MIB, Run
from bench.results import Key, Measure
from bench.subject import Session, Subject, UnsupportedError

_BODY = b"{}"
_WARM_UPS = 8
_STILL_GROWING = 1.1
# wrk leaves its last requests unanswered: they must be over before the next burst begins.
_PAUSE_S = 0.25


@dataclass(frozen=True, slots=True)
class _Cell:
    """One burst to measure."""

    subject: str
    spec: Spec
    memory_mib: int | None
    connections: int

    @property
    def what(self) -> str:
        """The cell in words."""
        size = f" {self.memory_mib} MB" if self.memory_mib else ""
        return f"{self.spec.kind}{size} at {self.connections}"


def measure(run: Run) -> None:
    """Measure every language in turn, with only the servers of that language running."""
    for kind in run.effort.kinds:
        try:
            specs = {
                size: run.workshop.spec(kind, f"warm-{kind}-{size}", size)
                for size in (FULL_MEMORY_MIB, SMALL_MEMORY_MIB)
            }
        except BuildError as error:
            run.results.fail(Measure.WARM, "all", kind, error)
            continue
        _measure_kind(run, kind, specs)


def _measure_kind(run: Run, kind: Kind, specs: Mapping[int, Spec]) -> None:
    able = [subject for subject in run.servers if kind in subject.kinds]
    for subject in run.servers:
        if subject not in able:
            run.results.fail(Measure.WARM, subject.name, kind, subject.unable)
    # The floor does not know languages: measured once, with the first.
    floors = run.floors if kind is run.effort.kinds[0] else ()
    wanted = [(subject, _specs_of(subject, specs)) for subject in [*floors, *able]]
    with opened(run, Measure.WARM, wanted) as sessions:
        cells = list(_cells(run, [subject for subject, _ in wanted], specs, sessions))
        for number in range(run.effort.rounds):
            turned = cells[number % max(1, len(cells)) :] + cells[: number % max(1, len(cells))]
            for cell in turned:
                _burst(run, cell, sessions[cell.subject], first=number == 0)


def _specs_of(subject: Subject, specs: Mapping[int, Spec]) -> list[Spec]:
    return list(specs.values()) if subject.memory_matters else [specs[FULL_MEMORY_MIB]]


def _cells(
    run: Run, subjects: Sequence[Subject], specs: Mapping[int, Spec], sessions: Mapping[str, Session]
) -> Iterator[_Cell]:
    for connections in run.effort.connections:
        for subject in subjects:
            if subject.name not in sessions:
                continue
            if subject.most_connections is not None and connections > subject.most_connections:
                reason = f"takes {subject.most_connections} invocation at a time; a second one ends it"
                what = f"more than {subject.most_connections} at a time"
                run.results.fail(Measure.WARM, subject.name, what, reason)
                continue
            for spec in _specs_of(subject, specs):
                size = spec.memory_mib if subject.memory_matters else None
                yield _Cell(subject.name, spec, size, connections)


def _burst(run: Run, cell: _Cell, session: Session, *, first: bool) -> None:
    if run.results.failed(Measure.WARM, cell.subject, cell.what):
        return
    run.say(f"warm: {cell.subject} {cell.what}")
    try:
        target = session.target(cell.spec.name)
        if first:
            client.invoke(target.port, target.path, _BODY)
            _warm_up(run, target.url, cell.connections)
        time.sleep(_PAUSE_S)
        seen = cpu.measure(
            target.url,
            target.pid,
            connections=cell.connections,
            seconds=run.effort.seconds,
            body=_BODY,
            headers=_HEADERS,
        )
    except (UnsupportedError, client.CallError, wrk.LoadError) as error:
        run.results.fail(Measure.WARM, cell.subject, cell.what, error)
        return
    _keep(run, cell, seen)


_HEADERS = {"Content-Type": "application/json", "Authorization": client.AUTHORIZATION}


def _warm_up(run: Run, url: str, connections: int) -> None:
    """Put load on until the rate grows no more: a slow server needs a while to have its environments.

    Raises:
        LoadError: when the last burst had answers that are no function's success.
    """
    rate, failure = 0.0, None
    for _ in range(_WARM_UPS):
        try:
            seen = wrk.run(
                url,
                connections=connections,
                seconds=run.effort.warm_up_s,
                body=_BODY,
                headers=_HEADERS,
                look_inside=True,
            )
        except wrk.LoadError as error:
            # Nothing good within the burst: perhaps it is only slow to begin.
            failure = error
            continue
        finally:
            time.sleep(_PAUSE_S)
        failure = None
        if seen.rate < rate * _STILL_GROWING:
            break
        rate = seen.rate
    if failure is not None:
        raise failure


def _keep(run: Run, cell: _Cell, seen: cpu.Loaded) -> None:
    load = seen.load
    figures = {
        "rate_per_s": load.rate,
        "p50_us": load.p50_us,
        "p99_us": load.p99_us,
        "server_cpu_us": seen.server_us,
        "descendants_cpu_us": seen.descendants_us,
        "failed": load.failed,
    }
    for metric, value in figures.items():
        key = Key(Measure.WARM, cell.subject, metric, cell.spec.kind, cell.memory_mib, cell.connections)
        run.results.add(key, value)
