"""Runs the test suite in two stages and says at the end what happened, what was left out and why.

Tests that share nothing run five at a time, for many of them wait; the soak runs alone, because it counts what is
left on the whole machine. What this machine cannot run is left out by marker,
never skipped, and listed by name. Further arguments go to pytest and replace the two stages.

A test marked `full` is one more of a kind that others try: they run in `make soak`, or with ``--full=too`` here,
``--full=only`` without the others; a closing line says how many were left out.

Many tests wait for limits that AWS set (0.15 s for a runtime to end, 128 MB and 7 % of a processor), and four
servers at a time on two processors can make those pass without a defect. So the few that failed beside others
are run again, each alone and several times over; one that fails a single time has failed. Their names are
printed whatever comes out: a test that stands there often is a defect of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from scripts import failed_tests  # noqa: E402 - the checkout must be importable first
from scripts.failed_tests import failed  # noqa: E402

PYTEST = [sys.executable, "-m", "pytest"]
FORM = "--full"
QUICK = tuple(f"tests/{kind}" for kind in ("unit", "protocol", "contract", "parity", "style"))
"""Four of five tests, a fifth of the time."""
WORKERS = 4
"""Of the other tests, which wait for most of their time."""
ALONE = "tests/performance/test_soak_environments.py"
TESTS_FAILED = 1
NOTHING_COLLECTED = 5
MOST_AGAIN = 6
"""More failures than this are no accident of timing."""
TIMES_ALONE = 3
TEST_TIMEOUT_S = 120
"""No single test may take longer: a test that hangs is a failure with a stack, not a run without an end."""


def main(arguments: list[str]) -> int:
    """Run, print one closing line, return pytest's exit status."""
    os.chdir(ROOT)
    # A shell's background job has it ignored, and so would all that tests start and end by it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ["PATH"] += f"{os.pathsep}{Path.home() / '.cargo' / 'bin'}"  # where Rust's own installer puts it
    left_out = missing(which=shutil.which, root=sys.platform == "linux" and os.geteuid() == 0)
    deselect = [word for one in left_out for word in one.options()]
    form = [word for word in arguments if word.startswith(FORM)]
    chosen = [word for word in arguments if word not in form]
    stages = [[[*arguments, *deselect]]] if chosen else _stages([*form, *deselect])
    started = time.monotonic()
    counts: Counter[str] = Counter()
    codes: set[int] = set()
    with tempfile.TemporaryDirectory() as folder:
        names = Path(folder) / "failed"
        for stage in stages:
            for code, found in _run_beside_each_other(stage, names):
                counts += found
                codes.add(code)
        codes -= {0, NOTHING_COLLECTED}
        # A run that ended otherwise has not run all of its tests: nothing is forgiven.
        if codes == {TESTS_FAILED} and not chosen and _pass_alone(failed(names), counts):
            codes.clear()
    status = max(codes, default=0)
    for one in left_out:
        _list_left_out(one)
    if counts["skipped"]:
        print("test: a skipped test is a failure here; leave it out by marker or make it run", file=sys.stderr)
        status = status or 1
    left = counts.pop("deselected", 0)
    # Where a marker was left out as well, their sum says nothing of the form.
    if left and not any(one.marker for one in left_out):
        which = "other" if form else "long"
        print(f"test: {left} of the {which} form were left out: make test ARGS=--full=too runs all")
    words = ", ".join(f"{number} {what}" for what, number in counts.items())
    print(f"===== {words or 'no tests ran'} in {time.monotonic() - started:.2f}s =====")
    return status


@dataclass(frozen=True)
class LeftOut:
    """Tests this machine cannot run: a marker or whole files, and why."""

    why: str
    marker: str | None = None
    files: tuple[str, ...] = ()

    def options(self) -> list[str]:
        """What keeps pytest from running them."""
        if self.marker:
            return ["-m", f"not {self.marker}"]
        return [word for file in self.files for word in ("--ignore", file)]


FUNCTIONAL, RUNTIMES = "tests/functional", "tests/integration/runtimes"
NEEDS = {
    "node": (
        f"{FUNCTIONAL}/test_clients_node_sdk.py",
        f"{FUNCTIONAL}/test_functions_runtimes.py",
        f"{FUNCTIONAL}/test_cli_commands.py",
        f"{FUNCTIONAL}/test_logging_node.py",
        f"{FUNCTIONAL}/test_examples.py",
        f"{RUNTIMES}/test_runtimes_node_differential.py",
        f"{RUNTIMES}/test_runtimes_samples.py",
    ),
    "npm": (f"{FUNCTIONAL}/test_cli_commands.py", f"{RUNTIMES}/test_runtimes_node_differential.py"),
    "cargo": (f"{FUNCTIONAL}/test_third_party_rust.py",),
    "curl": (f"{FUNCTIONAL}/test_cli_commands.py",),
    "chromium-headless-shell": ("tests/console",),
    "cc": (f"{FUNCTIONAL}/test_functions_provided.py", f"{RUNTIMES}/test_runtimes_samples.py"),
}
"""Program to the files whose tests run it."""


def missing(which: Callable[[str], str | None], *, root: bool) -> list[LeftOut]:
    """What cannot be run here, and why."""
    found = [] if root else [LeftOut("not root on Linux (sudo make test runs them)", marker="root")]
    return found + [
        LeftOut(f"{program} is not installed", files=files)
        for program, files in NEEDS.items()
        if which(program) is None
    ]


def _stages(options: list[str]) -> list[list[list[str]]]:
    """Arguments of the runs of each stage, the runs of one beside each other.

    Every process of a run reads all tests of the run, so what is most of them has a run of one process.
    """
    others = [f"--ignore={folder}" for folder in (*QUICK, ALONE)]
    workers = ["-n", str(WORKERS), "--dist", "loadfile", "--no-loadscope-reorder"]
    return [
        [["-q", *options, *QUICK], [*workers, "-q", *others, *options, "tests"]],
        [["-q", *options, ALONE]],
    ]


def _run_beside_each_other(runs: list[list[str]], names: Path) -> list[tuple[int, Counter[str]]]:
    with ThreadPoolExecutor(len(runs)) as pool:
        return list(pool.map(lambda run: _run([f"--timeout={TEST_TIMEOUT_S}", *run], names), runs))


def _pass_alone(names: list[str], counts: Counter[str]) -> bool:
    """Whether the tests that failed beside others are few, and each passes alone every time."""
    if not 0 < len(names) <= MOST_AGAIN:
        return False
    for name in names:
        for _ in range(TIMES_ALONE):
            print(f"test: failed beside others, again alone: {name}", flush=True)
            code, _found = _run([f"--timeout={TEST_TIMEOUT_S}", f"{FORM}=too", "-q", name])
            if code != 0:
                return False
    again = len(names)
    print(f"test: {again} failed beside others and passed {TIMES_ALONE} times alone: {', '.join(names)}")
    for what in ("failed", "error", "errors"):
        del counts[what]
    counts["passed"] += again
    return True


def _run(arguments: list[str], names: Path | None = None) -> tuple[int, Counter[str]]:
    """Run pytest once; its output goes through, its closing line is counted.

    `names` becomes the file of the tests that failed.
    """
    plugin = [] if names is None else ["-p", failed_tests.__name__]
    environ = os.environ if names is None else os.environ | {failed_tests.VARIABLE: str(names)}
    command = [*PYTEST, *plugin, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:
        last = ""
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            last = line if line.strip() else last
    counts: Counter[str] = Counter()
    for number, what in re.findall(r"(\d+) (passed|failed|errors?|skipped|xfailed|xpassed|deselected)", last):
        counts[what] += int(number)
    return process.returncode, counts


def _list_left_out(one: LeftOut) -> None:
    chosen = ["-m", one.marker, "tests"] if one.marker else list(one.files)
    listed = subprocess.run([*PYTEST, "--collect-only", "-q", *chosen], capture_output=True, text=True, check=False)
    names = [line for line in listed.stdout.splitlines() if "::" in line]
    print(f"test: left out {len(names)} tests: {one.why}")
    for name in names:
        print(f"  {name}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
