"""Finds the interpreters of this host: which binary runs `python3.13`, and what it needs around it.

Looking is cheap (directory listings) and asking a binary for its version is not (10-40 ms of a
process), so answers are remembered in a file, by path, size and modification time. Before this comes
nothing; after it the catalogue makes a launch of what was found.

Places, best first: lambdad's own installs, uv, pyenv, nvm, fnm, PATH. Shims are never used: what is
mounted into a sandbox is the tree of the real binary.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lambdad.worker.runtimes.identifiers import Language, RuntimeId

PROBE_TIMEOUT_S: Final = 10.0
_PYTHON_PROBE: Final = "import sys; print('%d.%d.%d' % sys.version_info[:3]); print(sys.base_prefix)"
_NODE_PROBE: Final = "console.log(process.versions.node)"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An interpreter of this host.

    Attributes:
        binary: the real file, no link and no shim.
        prefix: the tree it belongs to; ``bin/`` and ``lib/`` lie in it.
        version: exact, ``3.13.0``.
    """

    binary: Path
    prefix: Path
    version: str

    @property
    def needs_own_path(self) -> bool:
        """Whether the binary looks for its shared library under its own absolute path."""
        return self.prefix != Path("/usr") and any((self.prefix / "lib").glob("libpython3*.so*"))


class Interpreters:
    """What this host has, asked lazily and remembered.

    Args:
        homes: directories of lambdad's own installs, best first.
        memory: file that remembers versions between runs; None remembers nothing.
        environ: where PATH, HOME, PYENV_ROOT, UV_PYTHON_INSTALL_DIR, NVM_DIR and FNM_DIR come from.
    """

    def __init__(self, homes: tuple[Path, ...], memory: Path | None, environ: Mapping[str, str]) -> None:
        self._homes = homes
        self._memory = memory
        self._environ = environ
        self._lock = threading.Lock()
        self._known: dict[str, list[str]] | None = None

    def find(self, runtime: RuntimeId) -> Interpreter | None:
        """The best interpreter for a runtime; None when this host has none."""
        seen: set[Path] = set()
        for candidate in self._candidates(runtime):
            binary = candidate.resolve()
            if binary in seen or not binary.is_file() or not os.access(binary, os.X_OK):
                continue
            seen.add(binary)
            found = self._ask(binary, runtime.language)
            if found is not None and runtime.accepts(found.version):
                return found
        return None

    def _candidates(self, runtime: RuntimeId) -> Iterator[Path]:
        program = runtime.program
        for home in self._homes:
            yield home / runtime.name / "bin" / program
        for tree in self._trees(runtime):
            yield tree / "bin" / program
        for directory in self._environ.get("PATH", os.defpath).split(os.pathsep):
            # A shim is a script that picks a version by the current directory.
            if directory and not directory.rstrip("/").endswith("/shims"):
                yield Path(directory) / program

    def _trees(self, runtime: RuntimeId) -> Iterator[Path]:
        home = Path(self._environ.get("HOME") or Path.home())
        env = self._environ
        if runtime.language is Language.PYTHON:
            data = Path(env.get("XDG_DATA_HOME") or home / ".local" / "share")
            uv_places = [place / "uv" for place in self._homes]
            uv_places.append(Path(env.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python"))
            for place in uv_places:
                yield from _newest_first(place, f"cpython-{runtime.version}.*")
            pyenv = Path(env.get("PYENV_ROOT") or home / ".pyenv")
            yield from _newest_first(pyenv / "versions", f"{runtime.version}.*")
        else:
            nvm = Path(env.get("NVM_DIR") or home / ".nvm")
            yield from _newest_first(nvm / "versions" / "node", f"v{runtime.version}.*")
            fnm = Path(env.get("FNM_DIR") or home / ".local" / "share" / "fnm")
            for tree in _newest_first(fnm / "node-versions", f"v{runtime.version}.*"):
                yield tree / "installation"

    def _ask(self, binary: Path, language: Language) -> Interpreter | None:
        stat = binary.stat()
        stamp = [str(stat.st_mtime_ns), str(stat.st_size)]
        with self._lock:
            if self._known is None:
                self._known = _recall(self._memory)
            answer = self._known.get(str(binary))
            if answer is None or answer[:2] != stamp:
                asked = _probe(binary, language)
                if asked is None:
                    return None
                answer = [*stamp, *asked]
                self._known[str(binary)] = answer
                _remember(self._memory, self._known)
        return Interpreter(binary, Path(answer[3]), answer[2])


def _newest_first(directory: Path, pattern: str) -> list[Path]:
    return sorted(directory.glob(pattern), key=lambda tree: _numbers(tree.name), reverse=True)


def _numbers(name: str) -> list[int]:
    return [int(part) for part in name.replace("-", ".").replace("v", "").split(".") if part.isdigit()]


def _probe(binary: Path, language: Language) -> tuple[str, str] | None:
    """Ask a binary for (version, prefix); None when it does not run."""
    if language is Language.PYTHON:
        argv = [str(binary), "-I", "-S", "-c", _PYTHON_PROBE]
    else:
        argv = [str(binary), "-e", _NODE_PROBE]
    try:
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            timeout=PROBE_TIMEOUT_S,
            check=True,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    lines = done.stdout.split("\n")
    prefix = lines[1] if language is Language.PYTHON else str(binary.parent.parent)
    return lines[0], prefix


def _recall(memory: Path | None) -> dict[str, list[str]]:
    if memory is None:
        return {}
    try:
        known = json.loads(memory.read_text())
    except (OSError, ValueError):
        return {}
    if not isinstance(known, dict):
        return {}
    return {
        path: answer
        for path, answer in known.items()
        if isinstance(answer, list) and len(answer) == 4 and all(isinstance(part, str) for part in answer)
    }


def _remember(memory: Path | None, known: Mapping[str, list[str]]) -> None:
    if memory is None:
        return
    memory.parent.mkdir(parents=True, exist_ok=True)
    draft = memory.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(known, indent=1))
    draft.replace(memory)
