"""Servers that begin quickly: forked from a process that waits.

That process has imported everything a server does, which is most of what a start costs; what runs is the command's
own function, in a process of its own that is killed like any other.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from subprocess import TimeoutExpired
from types import ModuleType

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.warm_imports", __name__])


class Forked:
    """Has of `subprocess.Popen` what tests need of a server's process."""

    def __init__(self, process: BaseProcess) -> None:
        self._process = process
        assert process.pid is not None
        self.pid = process.pid

    def poll(self) -> int | None:
        """The exit status; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit status.

        Raises:
            TimeoutExpired: it still runs.
        """
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise TimeoutExpired("lambdad serve", timeout or 0.0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self._process.exitcode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


def launch(arguments: Sequence[str], env: Mapping[str, str], log: Path) -> Forked:
    """Start `lambdad` with these arguments; see `tests.running.Launch`."""
    # Not of `multiprocessing.Process`'s own daemons: those are ended with their maker.
    process = _context.Process(target=_run, args=(list(arguments), dict(env), str(log), os.getcwd()))
    with _nothing_of_ours():
        process.start()
    return Forked(process)


@contextmanager
def _nothing_of_ours() -> Iterator[None]:
    """While this holds, a process that begins does not import the program that runs here, as pytest is."""
    program = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = program


def _run(arguments: list[str], env: dict[str, str], log: str, folder: str) -> None:
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for number, opened in ((0, os.open(os.devnull, os.O_RDONLY)), (1, out), (2, out)):
        os.dup2(opened, number)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    from lambdad.cli.entry import main

    sys.exit(main(arguments))
