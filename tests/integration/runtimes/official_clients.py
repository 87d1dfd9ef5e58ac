"""Installs AWS's own runtime clients, unmodified, into the repository's cache."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from recorded import record

from lambdad.worker.runtimes.identifiers import BY_NAME
from lambdad.worker.runtimes.install import NODE_WHEELS, fetch_node
from lambdad.worker.runtimes.interpreters import Interpreter, Interpreters

CACHE = Path(__file__).resolve().parents[3] / ".cache" / "official-clients"
PYTHON_PINS = ("awslambdaric==4.2.2", "simplejson==4.3.0", "snapshot-restore-py==1.0.0")
PYTHON39_PINS = ("awslambdaric==3.1.1", "simplejson==3.20.1", "snapshot-restore-py==1.0.0")
NODE_VERSIONS = {3: "3.3.0", 4: "4.0.2"}
NODE_GENERATIONS = {"nodejs18.x": 3, "nodejs20.x": 3, "nodejs22.x": 3, "nodejs24.x": 4}
"""Which generation of the official client a line runs."""
BUILDS_NODE_CLIENT = {"npm": "npm", "cmake": "cmake", "make": "make", "g++": "g++"}
"""Program to Debian package."""


def python_client_version(version: str) -> str:
    """Which awslambdaric stands for a Python's."""
    return (PYTHON39_PINS if version.startswith("3.9.") else PYTHON_PINS)[0]


def node_client_name(generation: int) -> str:
    """Which aws-lambda-ric that is."""
    return f"aws-lambda-ric@{NODE_VERSIONS[generation]}"


def python_client(binary: Path, version: str) -> Path:
    """A virtual environment of this interpreter with awslambdaric; returns its python."""
    place = CACHE / f"python-{version}"
    python = place / "bin" / "python"
    with _alone(f"python-{version}"):
        if not (place / "ready").exists():
            shutil.rmtree(place, ignore_errors=True)
            _run([str(binary), "-m", "venv", str(place)])
            pins = PYTHON39_PINS if version.startswith("3.9.") else PYTHON_PINS
            _run([str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *pins])
            (place / "ready").touch()
    return python


def node_client(generation: int) -> Path:
    """aws-lambda-ric of a generation, its native part built; returns its entry point.

    The native part (N-API, the same for every Node.js) is built once, from version 4: that takes
    cmake, make, a C++ compiler and the headers of Node.js.
    """
    place = CACHE / f"node-{generation}"
    entry = place / ("index.mjs" if generation == 4 else "bin/index.mjs")
    addon = _native_part()
    with _alone(f"node-{generation}"):
        if not (place / "ready").exists():
            shutil.rmtree(place, ignore_errors=True)
            _unpack(node_client_name(generation), place)
            shutil.copy(addon, place if generation == 4 else place / "dist")
            (place / "ready").touch()
    return entry


def _native_part() -> Path:
    place = CACHE / "node-native"
    package = place / "node_modules" / "aws-lambda-ric"
    addon = package / "rapid-client.node"
    with _alone("node-native"):
        if not addon.exists():
            missing = missing_for_the_native_part(shutil.which)
            assert missing is None, missing
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
            (place / "package.json").write_text('{"private": true}')
            _run(
                ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", node_client_name(4)], place
            )
            for step in ("preinstall", "postinstall"):
                _run(["sh", f"scripts/{step}.sh"], package)
    return addon


def missing_for_the_native_part(which: Callable[[str], str | None]) -> str | None:
    """What to install before the Node.js client can be built; None when nothing is missing."""
    packages = " ".join(missing_packages(which))
    return (
        f"aws-lambda-ric is compiled here, which takes: sudo apt-get install {packages}" if packages else None
    )


def missing_packages(which: Callable[[str], str | None]) -> list[str]:
    """Debian packages that building the Node.js client takes and this host lacks."""
    return [package for program, package in BUILDS_NODE_CLIENT.items() if which(program) is None]


def _unpack(package: str, place: Path) -> None:
    place.mkdir(parents=True)
    _run(["npm", "pack", "--silent", package], place)
    archive = next(place.glob("*.tgz"))
    _run(["tar", "xzf", archive.name, "--strip-components=1", "--exclude=*/deps"], place)
    archive.unlink()


def _run(command: list[str], cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout[-1000:]}{done.stderr[-2000:]}"


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Test processes may run side by side; one of them installs."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@cache
def node_interpreter(line: str) -> Interpreter:
    """A Node.js of this line: the host's, or one fetched into the cache."""
    home = CACHE / "interpreters"
    with _alone("interpreters"):
        found = _node_here(line)
        if found is None:
            fetch_node(BY_NAME[line], home, lambda _line: None)
            found = Interpreters((home,), None, os.environ).find(BY_NAME[line])
    assert found is not None
    return found


def _node_here(line: str) -> Interpreter | None:
    home = CACHE / "interpreters"
    return Interpreters((home,), home / "interpreters.json", os.environ).find(BY_NAME[line])


def node_versions() -> dict[str, str]:
    """Line to the exact version tests run of it, also where it is not fetched yet."""
    found = {line: _node_here(line) for line in NODE_GENERATIONS}
    return {line: one.version if one else NODE_WHEELS[line][1] for line, one in found.items()}


def node_clients_asked(versions: Mapping[str, str], *, full: bool) -> list[int]:
    """Generations of the Node.js client that tests ask: all in the long form, else those not on record.

    Args:
        versions: of a line: ``{"nodejs20.x": "20.18.0"}``.
    """
    return sorted(
        {
            generation
            for line, generation in NODE_GENERATIONS.items()
            if full or not record("node").knows(node_client_name(generation), versions[line])
        }
    )


def main(words: Sequence[str]) -> None:
    """Have there before the tests, each of which may take two minutes, what takes long to fetch or to build.

    With the word ``packages``: only print which Debian packages that takes and this host lacks.
    """
    asked = node_clients_asked(node_versions(), full=bool(os.environ.get("FULL_TESTS")))
    if "packages" in words:
        print(*(missing_packages(shutil.which) if asked else ()))
        return
    for line in NODE_GENERATIONS:
        node_interpreter(line)
    missing = missing_for_the_native_part(shutil.which)
    if asked and missing:
        print(f"test: {missing}; without them its tests fail", file=sys.stderr)
        return
    for generation in asked:
        node_client(generation)


if __name__ == "__main__":
    main(sys.argv[1:])
