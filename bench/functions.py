"""The functions under load: the same trivial work in every language, as folders and as zip files.

Each answers an object at once, so that what is measured is the server. `echo` gives its event back,
for the six-megabyte way.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

_SOURCES = Path(__file__).parent / "sources"


class Kind(StrEnum):
    """The languages measured."""

    PYTHON = "python"
    NODE = "node"
    SHELL = "shell"
    C = "c"


class BuildError(Exception):
    """A function could not be built on this machine."""


@dataclass(frozen=True, slots=True)
class Spec:
    """One function to deploy; `folder` holds its code, `memory_mib` its setting."""

    name: str
    kind: Kind
    runtime: str
    handler: str
    folder: Path
    memory_mib: int

    def named(self, name: str) -> Spec:
        """Give the same function under another name."""
        return replace(self, name=name)

    def zipped(self) -> bytes:
        """Pack the folder; permission bits are kept, as a bootstrap must be executable."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(self.folder.rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(self.folder))
        return out.getvalue()


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where functions are built, and with which runtimes of this host."""

    folder: Path
    python_runtime: str
    node_runtime: str

    def spec(self, kind: Kind, name: str, memory_mib: int, *, handler: str = "handler") -> Spec:
        """Build (once) and describe the function of one language.

        Raises:
            BuildError: when the C compiler is missing or fails.
        """
        folder = self.folder / kind.value
        if not folder.exists():
            _build(kind, folder)
        match kind:
            case Kind.PYTHON:
                return Spec(name, kind, self.python_runtime, f"app.{handler}", folder, memory_mib)
            case Kind.NODE:
                return Spec(name, kind, self.node_runtime, f"app.{handler}", folder, memory_mib)
            case Kind.SHELL | Kind.C:
                return Spec(name, kind, "provided.al2023", "bootstrap", folder, memory_mib)


def _build(kind: Kind, folder: Path) -> None:
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    match kind:
        case Kind.PYTHON:
            shutil.copy(_SOURCES / "app.py", partial)
        case Kind.NODE:
            shutil.copy(_SOURCES / "app.js", partial)
        case Kind.SHELL:
            shutil.copy(_SOURCES / "bootstrap.sh", partial / "bootstrap")
            (partial / "bootstrap").chmod(0o755)
        case Kind.C:
            _compile(_SOURCES / "bootstrap.c", partial / "bootstrap")
    partial.rename(folder)


def _compile(source: Path, target: Path) -> None:
    command = ["cc", "-O2", "-static", "-o", str(target), str(source)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise BuildError("no C compiler (apt-get install gcc libc6-dev)") from None
    if done.returncode != 0:
        raise BuildError(f"cc failed: {done.stderr.strip()[-300:]}")
