"""What freezing costs a warm invoke: two servers of one checkout, one of which freezes nothing.

Between two invokes of one server there is a pause in which its environment is frozen; the two take turns,
so that the machine's mood meets both. The cost is the difference of their medians, round by round.
"""

from __future__ import annotations

import http.client
import json
import statistics
import time

from bench import client
from bench.functions import Kind, Spec
from bench.opening import opened
from bench.plan import FULL_MEMORY_MIB, Run
from bench.results import Key, Measure
from bench.subject import Session, UnsupportedError
from bench.subject_api import lambdad

PAUSE_S = 0.02
"""Before every invoke; environments are frozen after some 5 ms."""
_WARM_UPS = 30
_SETTLE_S = 0.5
_WITHOUT = " without freezing"
_Lines = dict[str, http.client.HTTPConnection]


def measure(run: Run) -> None:
    """Compare every checkout of lambdad with itself."""
    spec = run.workshop.spec(Kind.PYTHON, "paced", FULL_MEMORY_MIB)
    for name, program in run.programs.items():
        pair = [
            lambdad(name, program, run.environments[name]),
            lambdad(name + _WITHOUT, program, run.environments[name], options=["--no-freeze"]),
        ]
        with opened(run, Measure.FREEZE, [(subject, [spec]) for subject in pair]) as sessions:
            if len(sessions) == len(pair):
                _measure_pair(run, name, spec, sessions)


def _measure_pair(run: Run, name: str, spec: Spec, sessions: dict[str, Session]) -> None:
    lines: _Lines = {}
    try:
        targets = {subject: session.target(spec.name) for subject, session in sessions.items()}
        lines = {subject: client.dial(target.port) for subject, target in targets.items()}
        path = targets[name].path
        for _ in range(_WARM_UPS):
            for line in lines.values():
                _invoke(line, path)
        time.sleep(_SETTLE_S)
        _check_states(name, lines)
        for number in range(run.effort.rounds):
            run.say(f"freeze: {name}, round {number + 1}")
            _round(run, name, path, lines)
    except (UnsupportedError, client.CallError, OSError, http.client.HTTPException) as error:
        run.results.fail(Measure.FREEZE, name, "paced invokes", error)
    finally:
        for line in lines.values():
            line.close()


def _round(run: Run, name: str, path: str, lines: _Lines) -> None:
    seen: dict[str, list[float]] = {subject: [] for subject in lines}
    order = list(lines)
    for _ in range(run.effort.paced):
        for subject in order:
            time.sleep(PAUSE_S)
            seen[subject].append(_invoke(lines[subject], path) * 1e6)
        order.reverse()
    medians = {subject: statistics.median(values) for subject, values in seen.items()}
    for subject, median in medians.items():
        run.results.add(Key(Measure.FREEZE, subject, "p50_us", Kind.PYTHON), median)
    cost = medians[name] - medians[name + _WITHOUT]
    run.results.add(Key(Measure.FREEZE, name, "freeze_cost_us", Kind.PYTHON), cost)


def _invoke(line: http.client.HTTPConnection, path: str) -> float:
    seen = client.call(line, "POST", path, b"{}")
    client.check(seen, path)
    return seen.seconds


def _check_states(name: str, lines: _Lines) -> None:
    """Refuse to compare what is the same.

    Raises:
        CallError: the one is not frozen (this host cannot), or the other is.
    """
    for subject, line in lines.items():
        status = json.loads(client.call(line, "GET", "/lambdad/v1/status").body)
        states = {one["state"] for one in status["environments"]}
        if states != {"frozen" if subject == name else "idle"}:
            raise client.CallError(f"environments of {subject} are {', '.join(sorted(states))}")
