"""Asks AWS's runtime clients every case again and writes what they do to data/: python and node.

Run: `.venv/bin/python tests/integration/runtimes/record_clients.py`. It installs the clients into .cache; that of
Node.js is compiled. Interpreters that this host lacks stay on record as they were; versions of a client that are
no longer installed, and cases that are no longer asked, leave it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[2])]

import test_runtimes_node_differential as node  # noqa: E402
import test_runtimes_node_streams as streams  # noqa: E402
import test_runtimes_python_differential as python  # noqa: E402
from official_clients import NODE_VERSIONS, PYTHON39_PINS, PYTHON_PINS, node_client_name  # noqa: E402
from recorded import Case, record  # noqa: E402

PINNED = {PYTHON39_PINS[0], PYTHON_PINS[0], *(node_client_name(known) for known in NODE_VERSIONS)}
AT_ONCE = 2
SAY_EVERY = 50


def main() -> int:
    """Record both languages."""
    python.write_broken_source()
    _ask("python", python.CASES, python.theirs)
    made = [node.case(*asked) for asked in node.ASKED]
    made += [streams.streamed(*asked) for asked in (*streams.CASES, *streams.LOGGED)]
    _ask("node", made, node.theirs)
    return 0


def _ask(name: str, cases: Sequence[Case], theirs: Callable[[Case], object]) -> None:
    kept = record(name)
    kept.begin_anew(cases)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for number, (case, seen) in enumerate(zip(cases, pool.map(theirs, cases), strict=True), 1):
            kept.note(case, case.portable(seen))
            if number % SAY_EVERY == 0 or number == len(cases):
                print(f"{name}: {number} of {len(cases)} asked", flush=True)
    kept.write(PINNED)


if __name__ == "__main__":
    sys.exit(main())
