"""Test suites of users, as files: run with a pytest of their own, in a place where nothing of ours is imported."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

SUITE_TIMEOUT_S = 100


class Suite:
    """A folder with tests, and a folder for everything temporary that running them makes."""

    def __init__(self, place: Path, **files: str) -> None:
        self.folder = place / "suite"
        self.temporary = place / "temporary"
        self.folder.mkdir()
        self.temporary.mkdir()
        for name, text in files.items():
            (self.folder / f"{name}.py").write_text(text)

    def begin(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Start the run."""
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", "--basetemp", str(self.folder / "tmp"), *arguments],
            cwd=self.folder,
            env={**os.environ, "TMPDIR": str(self.temporary), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, **variables: str) -> tuple[int, str]:
        """Run it to its end: pytest's exit status and everything it printed."""
        process = self.begin(*arguments, **variables)
        try:
            printed, _ = process.communicate(timeout=SUITE_TIMEOUT_S)
        finally:
            process.kill()
        return process.returncode, printed

    def told(self, name: str, within_s: float = 30.0) -> str:
        """What a test of the suite wrote into a file beside it.

        Raises:
            AssertionError: it did not.
        """
        deadline = time.monotonic() + within_s
        while not (self.folder / name).exists() or not (self.folder / name).read_text():
            assert time.monotonic() < deadline, f"the suite did not write {name}"
            time.sleep(0.02)
        return (self.folder / name).read_text()

    def left(self, within_s: float = 20.0) -> list[str]:
        """What is still among its temporary files once it has had time to go."""
        deadline = time.monotonic() + within_s
        while (
            found := sorted(str(path) for path in self.temporary.rglob("*"))
        ) and time.monotonic() < deadline:
            time.sleep(0.05)
        return found


def family(ancestor: int) -> set[tuple[int, int]]:
    """(process id, start time) of a process and of all that descend from it."""
    parents: dict[int, list[tuple[int, int]]] = {}
    members = {ancestor: (ancestor, 0)}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            numbers = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pid, parent, started = int(stat.parent.name), int(numbers[1]), int(numbers[19])
        parents.setdefault(parent, []).append((pid, started))
        if pid == ancestor:
            members[ancestor] = (pid, started)
    waiting = [ancestor]
    while waiting:
        for pid, started in parents.get(waiting.pop(), []):
            members[pid] = (pid, started)
            waiting.append(pid)
    return set(members.values())


def alive(processes: set[tuple[int, int]], within_s: float = 20.0) -> set[tuple[int, int]]:
    """Those of the processes that have not ended, once they have had time to."""
    deadline = time.monotonic() + within_s
    while True:
        found = {one for one in processes if _is_same(*one)}
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def _is_same(pid: int, started: int) -> bool:
    try:
        numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return numbers[0] not in "ZX" and int(numbers[19]) == started
