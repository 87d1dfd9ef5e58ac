"""Fetches the companion onto this host: `lambdad neighbours install`. Takes long: command line only."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Final

from lambdad.domain.errors import LambdadError
from lambdad.neighbours.companion.places import REQUIREMENTS, Place, version

Progress = Callable[[str], None]
_WITHIN_S: Final = 900.0
_UNREACHABLE: Final = (
    "No matching distribution",
    "Could not find a version",
    "NewConnectionError",
    "ConnectTimeoutError",
    "NameResolutionError",
    "Connection to",
    "Max retries exceeded",
    "Temporary failure in name resolution",
)


class NotInstalled(LambdadError):
    """The companion could not be fetched; the text says why, in one line."""


def install(place: Place, progress: Progress = lambda _line: None) -> None:
    """Make a virtual environment with the companion in it; nothing when it is there.

    Args:
        place: where to.
        progress: told what is being done, one line at a time.

    Raises:
        NotInstalled: something could not be fetched or written.
    """
    if place.is_installed:
        progress(f"the companion (ministack {version()}) is there: {place.path}")
        return
    try:
        place.path.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=place.path.parent))
    except OSError as error:
        raise NotInstalled(f"{place.path.parent} cannot be written: {error.strerror}") from error
    try:
        _fill(draft, progress)
        place.mark(draft)
        _put(draft, place)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    progress(f"the companion is installed: {place.path}")


def _fill(draft: Path, progress: Progress) -> None:
    progress("making a virtual environment")
    try:
        venv.create(draft, with_pip=True, symlinks=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotInstalled(
            f"{sys.executable} cannot make a virtual environment ({_one_line(str(error))}); on Debian its "
            "package is python3-venv"
        ) from error
    progress(f"fetching ministack {version()} and what it needs from PyPI")
    command = [str(draft / "bin" / "python"), "-I", "-m", "pip", "install", "--quiet", "--require-hashes"]
    command += ["--disable-pip-version-check", "--no-input", "--retries", "1", "--timeout", "15"]
    try:
        done = subprocess.run(
            [*command, "-r", str(REQUIREMENTS)],
            capture_output=True,
            text=True,
            check=False,
            timeout=_WITHIN_S,
        )
    except subprocess.TimeoutExpired as error:
        raise NotInstalled(f"pip did not end within {_WITHIN_S:.0f} s") from error
    if done.returncode:
        raise NotInstalled(_reason(done.stderr))


def _put(draft: Path, place: Place) -> None:
    """Into its place, which somebody else may have filled meanwhile."""
    try:
        draft.rename(place.path)
    except OSError as error:
        if place.is_installed:
            return
        if not place.path.is_dir():
            raise NotInstalled(f"{place.path} cannot be written: {error.strerror}") from error
        shutil.rmtree(place.path)  # what was begun there was never finished
        draft.rename(place.path)


def _reason(said: str) -> str:
    """What pip said, in one line for people."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if any(word in line for line in lines for word in _UNREACHABLE):
        return (
            f"ministack {version()} cannot be fetched: the package index is not reachable from here "
            "(behind a proxy set HTTPS_PROXY, for a mirror PIP_INDEX_URL)"
        )
    errors = [line for line in lines if line.startswith("ERROR")] or lines[-1:] or ["pip failed"]
    return f"ministack {version()} cannot be installed: {_one_line(errors[0])}"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
