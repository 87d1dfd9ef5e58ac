"""Runs the test suite in two parts and says at the end what happened, what was left out and why.

Tests that share nothing run two at a time; those of tests/performance run alone, because figures taken
beside other work mean nothing. What this machine cannot run is left out by marker, never skipped, and
listed by name. Further arguments go to pytest and replace the two parts.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
PYTEST = [sys.executable, "-m", "pytest"]
NOTHING_COLLECTED = 5


def main(arguments: list[str]) -> int:
    """Run, print one closing line, return pytest's exit status."""
    os.chdir(ROOT)
    left_out = _left_out()
    marker = ["-m", " and ".join(f"not {name}" for name in left_out)] if left_out else []
    if arguments:
        parts = [[*arguments, *marker]]
    else:
        parts = [
            ["-n", "2", "--dist", "loadfile", "-q", "--ignore", "tests/performance", *marker, "tests"],
            ["-q", *marker, "tests/performance"],
        ]
    started = time.monotonic()
    counts: Counter[str] = Counter()
    status = 0
    for part in parts:
        code, found = _run(part)
        counts += found
        if code != NOTHING_COLLECTED:
            status = status or code
    for name, why in left_out.items():
        _list_left_out(name, why)
    if counts["skipped"]:
        print("test: a skipped test is a failure here; leave it out by marker or make it run", file=sys.stderr)
        status = status or 1
    words = ", ".join(f"{number} {what}" for what, number in counts.items())
    print(f"===== {words or 'no tests ran'} in {time.monotonic() - started:.2f}s =====")
    return status


def _left_out() -> dict[str, str]:
    """Marker to reason, for what this machine cannot run."""
    if sys.platform != "linux":
        return {"root": "this is not Linux", "rootless": "this is not Linux"}
    if os.geteuid() != 0:
        return {"root": "not run as root (sudo make test runs them)"}
    return {}


def _run(arguments: list[str]) -> tuple[int, Counter[str]]:
    """Run pytest once; its output goes through, its closing line is counted."""
    with subprocess.Popen([*PYTEST, *arguments], stdout=subprocess.PIPE, text=True) as process:
        last = ""
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            last = line if line.strip() else last
    counts: Counter[str] = Counter()
    for number, what in re.findall(r"(\d+) (passed|failed|errors?|skipped|xfailed|xpassed)", last):
        counts[what] += int(number)
    return process.returncode, counts


def _list_left_out(marker: str, why: str) -> None:
    listed = subprocess.run(
        [*PYTEST, "--collect-only", "-q", "-m", marker, "tests"], capture_output=True, text=True, check=False
    )
    names = [line for line in listed.stdout.splitlines() if "::" in line]
    print(f"test: left out {len(names)} tests marked {marker}: {why}")
    for name in names:
        print(f"  {name}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
