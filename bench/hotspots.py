"""Where time goes in the server: its imports, and which of its threads work under load.

`python -m bench.hotspots start` lists the slowest imports of the start path;
`python -m bench.hotspots threads --pid PID --seconds S` shows the processor time of each thread of a
running server, for use while `python -m bench.cpu` puts load on it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench import proc

_MODULES = "lambdad.cli.serve, lambdad.composition.parts"


@dataclass(frozen=True, slots=True)
class Imported:
    """One module's import, µs: by itself and with what it imported."""

    name: str
    own_us: int
    all_us: int


def parse_importtime(output: str) -> list[Imported]:
    """Read what `python -X importtime` wrote."""
    found: list[Imported] = []
    for line in output.splitlines():
        parts = line.removeprefix("import time:").split("|")
        if len(parts) == 3 and parts[0].strip().isdigit():
            found.append(Imported(parts[2].strip(), int(parts[0]), int(parts[1])))
    return found


def _start(modules: str, most: int) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", f"import {modules}"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parent.parent / "src")},
    )
    if done.returncode != 0:
        sys.exit(done.stderr.strip()[-500:])
    found = parse_importtime(done.stderr)
    total = sum(each.own_us for each in found)
    sys.stdout.write(f"{total / 1e3:8.1f} ms in all, {len(found)} modules\n")
    for each in sorted(found, key=lambda each: -each.own_us)[:most]:
        sys.stdout.write(
            f"{each.own_us / 1e3:8.1f} ms own {each.all_us / 1e3:8.1f} ms with its own  {each.name}\n"
        )


def _threads(pid: int, seconds: float) -> None:
    before = proc.thread_cpu_ns(pid)
    time.sleep(seconds)
    after = proc.thread_cpu_ns(pid)
    for (thread, name), spent in sorted(after.items(), key=lambda item: -item[1]):
        share = (spent - before.get((thread, name), 0)) / seconds / 1e9
        sys.stdout.write(f"{share:7.1%}  {thread:>8}  {name}\n")


def main() -> None:
    """Run one of the two looks."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    looks = parser.add_subparsers(dest="look", required=True)
    start = looks.add_parser("start", help="slowest imports")
    start.add_argument("--modules", default=_MODULES)
    start.add_argument("--most", type=int, default=25)
    threads = looks.add_parser("threads", help="processor time by thread")
    threads.add_argument("--pid", type=int, required=True)
    threads.add_argument("--seconds", type=float, default=3.0)
    given = parser.parse_args()
    if given.look == "start":
        _start(given.modules, given.most)
    else:
        _threads(given.pid, given.seconds)


if __name__ == "__main__":
    main()
