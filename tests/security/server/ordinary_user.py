"""lambdad as a user without any power sees it: copies it may read, an interpreter it may run, a home."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lambdad
from tests.running import READY_WITHIN_S, Server

UID = 54_321  # nobody of this host
ROOT = Path(__file__).parents[3]
SYSTEM_PYTHON = "/usr/bin/python3"


@dataclass(frozen=True)
class OrdinaryUser:
    """A user of this host with lambdad installed where that user can read it.

    Attributes:
        top: holds `home` (the user's own) and `library` (what is imported).
        python: an interpreter that the user may execute.
    """

    top: Path
    python: str

    @property
    def home(self) -> Path:
        return self.top / "home"

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": str(self.top / "library"),
            "PYTHONDONTWRITEBYTECODE": "1",
            **more,
        }

    def command(self, *arguments: str) -> list[str]:
        return [self.python, "-m", "lambdad.cli.entry", *arguments]

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """One command of lambdad, to its end."""
        return subprocess.run(
            self.command(*arguments),
            env=self.environment(**environ),
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            **_as_user(),
        )

    @contextmanager
    def serving(self, *arguments: str, data: str = "data") -> Iterator[Server]:
        """A server of this user, with a data directory of its home; SIGTERM ends it with the block."""
        log_path = self.home / f"server-{time.monotonic_ns()}.log"
        data_dir = self.home / data
        with log_path.open("wb") as log:
            process = subprocess.Popen(
                self.command("serve", "--port", "0", "--data-dir", str(data_dir), *arguments),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=self.environment(),
                cwd=self.home,
                **_as_user(),
            )
        server = Server(process, 0, data_dir, log_path, list(arguments))
        try:
            server.port = _port_of(server)
            yield server
        finally:
            server.stop()


@contextmanager
def ordinary_user() -> Iterator[OrdinaryUser]:
    """The user, with everything removed afterwards."""
    top = Path(tempfile.mkdtemp(prefix="lambdad-user-"))
    try:
        top.chmod(0o755)
        _install(top / "library")
        (top / "home").mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(top / "home", UID, UID)
        yield OrdinaryUser(top, _python())
    finally:
        shutil.rmtree(top)


def _as_user() -> dict[str, Any]:
    """Options of Popen; without root the tests' own user is ordinary enough."""
    return {"user": UID, "group": UID, "extra_groups": []} if os.geteuid() == 0 else {}


def _port_of(server: Server) -> int:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and server.process.poll() is None:
        if ready := re.search(r"is ready on http://[^:]+:(\d+)", server.log):
            return int(ready.group(1))
        time.sleep(0.02)
    raise AssertionError(f"the server did not become ready:\n{server.log}")


def _python() -> str:
    """Our own interpreter where others may execute it, else the system's of the same version."""
    own = Path(sys.executable).resolve()
    if all(place.stat().st_mode & 0o005 == 0o005 for place in (own, *own.parents)):
        return str(own)
    told = subprocess.run([SYSTEM_PYTHON, "-V"], capture_output=True, text=True, check=True).stdout
    here = "Python {}.{}.".format(*sys.version_info[:2])
    assert told.startswith(here), f"{SYSTEM_PYTHON} is {told.strip()}, the tests' packages are for {here}x"
    return SYSTEM_PYTHON


def _install(library: Path) -> None:
    """lambdad and the packages it needs at run time, with what is compiled: the user cannot write it here."""
    shutil.copytree(Path(lambdad.__file__).parent, library / "lambdad")
    locked = (ROOT / "requirements" / "runtime.txt").read_text()
    for name, condition in re.findall(r"^([a-z0-9-]+)==[^ ]+( ;)?", locked, re.MULTILINE):
        if not condition:
            _copy(importlib.metadata.distribution(name), library)


def _copy(package: importlib.metadata.Distribution, library: Path) -> None:
    for file in package.files or ():
        source, target = Path(str(package.locate_file(file))), library / file
        if ".." in file.parts or not source.is_file():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)  # with its time: what is compiled is of that
