"""The command line: how much longer `lambdad --version` and `lambdad invoke` take than Python itself."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

from bench.functions import Kind
from bench.opening import opened
from bench.plan import FULL_MEMORY_MIB, Run
from bench.results import Key, Measure
from bench.subject import UnsupportedError

_TIMEOUT_S = 60


class CommandFailedError(Exception):
    """A command did not end with status 0."""


def measure(run: Run) -> None:
    """Time the three commands in turn, the invoke against a server with a warm function."""
    spec = run.workshop.spec(Kind.PYTHON, "cli", FULL_MEMORY_MIB)
    ours = [subject for subject in run.servers if subject.name in run.programs]
    with opened(run, Measure.CLI, [(subject, [spec]) for subject in ours]) as sessions:
        for name, session in sessions.items():
            program = run.programs[name]
            try:
                port = session.target(spec.name).port
                invoke = [*program, "invoke", spec.name, "--endpoint", f"http://127.0.0.1:{port}"]
                _measure_program(run, name, [*program, "--version"], invoke)
            except (UnsupportedError, CommandFailedError, OSError, subprocess.TimeoutExpired) as error:
                run.results.fail(Measure.CLI, name, "commands", error)


def _measure_program(run: Run, name: str, version: Sequence[str], invoke: Sequence[str]) -> None:
    environment = {**os.environ, **run.environments.get(name, {})}
    python = [sys.executable, "-c", "pass"]
    commands = {"python_ms": python, "version_ms": version, "invoke_ms": invoke}
    for command in commands.values():
        _time_ms(command, environment)
    for _ in range(run.effort.commands):
        run.say(f"cli: {name}")
        bare = _time_ms(python, environment)
        run.results.add(Key(Measure.CLI, name, "python_ms"), bare)
        for metric, command in (("version", version), ("invoke", invoke)):
            took = _time_ms(command, environment)
            run.results.add(Key(Measure.CLI, name, f"{metric}_ms"), took)
            run.results.add(Key(Measure.CLI, name, f"{metric}_over_python_ms"), took - bare)


def _time_ms(command: Sequence[str], environment: Mapping[str, str]) -> float:
    begin = time.perf_counter()
    done = subprocess.run(
        command,
        capture_output=True,
        env=environment,
        timeout=_TIMEOUT_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    took = (time.perf_counter() - begin) * 1e3
    if done.returncode != 0:
        words = (done.stderr or done.stdout).decode(errors="replace").strip()[-300:]
        raise CommandFailedError(f"{' '.join(command[-4:])} ended with {done.returncode}: {words}")
    return took
