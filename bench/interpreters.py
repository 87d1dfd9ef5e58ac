"""The interpreters whose cold starts are measured, as the server finds them, and how long each takes bare."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.functions import Kind

_WITHIN_S = 900.0
_BARE: Mapping[Kind, tuple[str, ...]] = {Kind.PYTHON: ("-S", "-c", "pass"), Kind.NODE: ("-e", "0")}
_REFERENCE = "python3.11"
"""What the figures to reach are of, beside the newest Python."""
_NEWER_NODE = "nodejs22.x"


@dataclass(frozen=True, slots=True)
class Interpreted:
    """A runtime of this host; `binary` is its interpreter."""

    runtime: str
    kind: Kind
    binary: str

    def start_s(self) -> float:
        """Start it with nothing to do: seconds until it has ended.

        Raises:
            OSError: it does not start.
            CalledProcessError: it does not end well.
        """
        begin = time.perf_counter()
        subprocess.run([self.binary, *_BARE[self.kind]], check=True, stdin=subprocess.DEVNULL)
        return time.perf_counter() - begin


def numbers(runtime: str) -> tuple[int, ...]:
    """The version in a runtime's identifier, to compare."""
    digits = "".join(letter if letter.isdigit() else " " for letter in runtime)
    return tuple(int(word) for word in digits.split())


def chosen(listed: Mapping[str, str]) -> list[Interpreted]:
    """Of what is there (binary by identifier): 3.11 and the newest Python, every Node from 20."""
    pythons = sorted((name for name in listed if name.startswith("python")), key=numbers)
    nodes = sorted(
        (name for name in listed if name.startswith("nodejs") and numbers(name) >= (20,)), key=numbers
    )
    wanted = dict.fromkeys([*(name for name in pythons if name == _REFERENCE), *pythons[-1:]])
    return [
        *(Interpreted(name, Kind.PYTHON, listed[name]) for name in wanted),
        *(Interpreted(name, Kind.NODE, listed[name]) for name in nodes),
    ]


def find(program: Sequence[str], environment: Mapping[str, str]) -> tuple[list[Interpreted], str | None]:
    """Ask the server's command what this host has; a missing newer Node is fetched first.

    Returns:
        The interpreters, and why the newer Node is not among them, None when it is.

    Raises:
        OSError: the command does not run.
        CalledProcessError: it cannot say.
    """
    listed, why = _listed(program, environment), None
    if _NEWER_NODE not in listed:
        got = _run([*program, "runtimes", "install", _NEWER_NODE], environment)
        why = (got.stderr or got.stdout).strip()[-300:] if got.returncode else None
        listed = _listed(program, environment)
    return chosen(listed), why


def _listed(program: Sequence[str], environment: Mapping[str, str]) -> dict[str, str]:
    said = _run([*program, "runtimes", "list", "--json"], environment)
    said.check_returncode()
    return {
        one["runtime"]: one["interpreter"]
        for one in json.loads(said.stdout)
        if one["remedy"] is None and one["interpreter"]
    }


def _run(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(command),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=_WITHIN_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )
