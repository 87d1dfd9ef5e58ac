"""Installs what a function's requirements.txt or package.json asks for, for the target runtime.

The packages must fit the function's interpreter and processor, not the ones `lambdad deploy` runs on:
with an interpreter of the target's version pip decides by itself, else only ready-made wheels of the
target's platform are taken.
"""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from lambdad.cli.errors import CommandError

INSTALL_TIMEOUT_S = 900
MACHINES = {"x86_64": ("x86_64", "amd64"), "arm64": ("aarch64", "arm64")}


@dataclass(frozen=True, slots=True)
class Target:
    """Where the function will run; `architecture` is AWS's word (``x86_64``, ``arm64``)."""

    runtime: str
    architecture: str = "x86_64"


def host_architecture(machine: str = "") -> str:
    """AWS's word for this machine's processor."""
    return "arm64" if (machine or platform.machine()).lower() in MACHINES["arm64"] else "x86_64"


def wanted(directory: Path, runtime: str) -> str | None:
    """The file that asks for packages; None when nothing is to be installed."""
    if runtime.startswith("python"):
        requirements = directory / "requirements.txt"
        return "requirements.txt" if requirements.is_file() and _asks(requirements) else None
    if runtime.startswith("nodejs") and (directory / "package.json").is_file():
        return "package.json" if _has_dependencies(directory / "package.json") else None
    return None


def install(directory: Path, target: Target, interpreter: str | None = None) -> None:
    """Install into the staged `directory` what it asks for.

    Args:
        directory: holds requirements.txt or package.json; packages go into it.
        target: the function's runtime and processor.
        interpreter: one of the target's version on this host; None when there is none.

    Raises:
        CommandError: no installer, or it failed; with its last line.
    """
    match wanted(directory, target.runtime):
        case "requirements.txt":
            _run(pip_command(directory, target, interpreter), directory, "requirements.txt")
        case "package.json":
            _run(npm_command(directory), directory, "package.json")
        case _:
            pass


def pip_command(directory: Path, target: Target, local: str | None = None) -> list[str]:
    """The pip command that installs for `target`.

    Args:
        directory: where packages go; its requirements.txt is read.
        target: the function's runtime and processor.
        local: an interpreter of the target's version; one without pip is of no use.
    """
    version = target.runtime.removeprefix("python")
    common = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-compile"]
    common += ["--target", str(directory), "-r", str(directory / "requirements.txt")]
    native = target.architecture == host_architecture() and sys.platform == "linux"
    if native and local and _has_pip(local):
        return [local, "-m", "pip", "install", *common]
    machine = MACHINES[target.architecture][0]
    abi = "cp" + version.replace(".", "")
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in (34, 28, 17)] + [f"manylinux2014_{machine}"]
    cross = ["--only-binary=:all:", "--implementation", "cp", "--python-version", version]
    cross += [word for name in platforms for word in ("--platform", name)]
    cross += [word for name in (abi, "abi3", "none") for word in ("--abi", name)]
    return [_any_pip(), "-m", "pip", "install", *cross, *common]


def npm_command(directory: Path) -> list[str]:
    """The npm command: exactly what a lock file says when there is one.

    Raises:
        CommandError: there is no npm.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise CommandError("package.json needs npm: install Node.js with npm, and deploy again")
    verb = "ci" if (directory / "package-lock.json").is_file() else "install"
    return [npm, verb, "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"]


def _any_pip() -> str:
    for candidate in (sys.executable, shutil.which("python3")):
        if candidate and _has_pip(candidate):
            return candidate
    raise CommandError("requirements.txt needs pip: run 'python3 -m ensurepip' or install python3-pip")


def _has_pip(interpreter: str) -> bool:
    asked = subprocess.run([interpreter, "-m", "pip", "--version"], capture_output=True, check=False)
    return asked.returncode == 0


def _run(command: list[str], directory: Path, file: str) -> None:
    try:
        ran = subprocess.run(
            command, cwd=directory, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise CommandError(f"installing {file} took longer than {INSTALL_TIMEOUT_S} s") from None
    if ran.returncode:
        said = [line for line in (ran.stderr or ran.stdout).splitlines() if line.strip()]
        told = [line for line in said if re.match(r"(ERROR|npm (error|ERR!))", line)]
        raise CommandError(f"installing {file} failed: {(told or said or ['no reason given'])[-1].strip()}")


def _asks(requirements: Path) -> bool:
    lines = requirements.read_text(encoding="utf-8").splitlines()
    return any(line.strip() and not line.lstrip().startswith("#") for line in lines)


def _has_dependencies(package: Path) -> bool:
    try:
        members = json.loads(package.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CommandError(f"package.json is not JSON: {error}") from None
    return isinstance(members, dict) and bool(members.get("dependencies"))
