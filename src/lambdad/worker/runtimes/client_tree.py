"""The directory shown at `/var/runtime`: our client, and for Python the AWS SDK beside it.

It is copied out of the installed package once per version of its contents, because what lies in a
sandbox must be readable by user 993, must not hold links to the host and must not change under
running environments. After it the catalogue mounts what was made.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.runtimes.identifiers import Language
from lambdad.worker.runtimes.interpreters import PROBE_TIMEOUT_S, Interpreter

CLIENTS: Final = Path(__file__).with_name("clients")
PYTHON_CLIENT: Final = "lambdad_runtime.py"
PYTHON_FILES: Final = (PYTHON_CLIENT, "lambdad_snapstart.py", "snapshot_restore_py.py")
NODE_CLIENT: Final = "index.mjs"
NODE_WAIT: Final = "wait.mjs"
NODE_FILES: Final = (NODE_CLIENT, NODE_WAIT, "warm.cjs", "warm.mjs")
# AWS's Python runtimes carry the SDK; these are its modules, taken from lambdad's own environment.
SDK_MODULES: Final = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six")
SDK_MIN_PYTHON: Final = (3, 10)  # Requires-Python of the boto3 that lambdad pins
_COMPILE: Final = (
    "import py_compile, sys; "
    "py_compile.compile(sys.argv[1], sys.argv[2], sys.argv[3], doraise=True, "
    "invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)"
)
_COMPILE_TREE: Final = (
    "import compileall, sys; "
    "compileall.compile_dir(sys.argv[1], quiet=2, stripdir=sys.argv[1], prependdir='/var/runtime')"
)


def python_tree(home: Path, interpreter: Interpreter) -> Path:
    """Make sure the tree for this Python exists, compiled for it, and return it. Takes 0.2-0.6 s once."""
    with_sdk = tuple(int(part) for part in interpreter.version.split(".")[:2]) >= SDK_MIN_PYTHON
    modules = SDK_MODULES if with_sdk else ()
    clients = [CLIENTS / name for name in PYTHON_FILES]
    tree = home / "var-runtime" / f"python-{_stamp(*clients, modules=modules)}"
    if not tree.is_dir():
        with _draft(tree) as draft:
            for name in PYTHON_FILES:
                shutil.copyfile(CLIENTS / name, draft / name)
            for name in modules:
                _copy(name, draft)
    _compile_client(tree, interpreter)
    return tree


def node_tree(home: Path) -> Path:
    """Make sure the tree for Node exists and return it; `node_modules` in it is a mount point."""
    tree = home / "var-runtime" / f"{Language.NODEJS}-{_stamp(*(CLIENTS / name for name in NODE_FILES))}"
    if not tree.is_dir():
        with _draft(tree) as draft:
            for name in NODE_FILES:
                shutil.copyfile(CLIENTS / name, draft / name)
            (draft / "node_modules").mkdir()
    return tree


def compiled_client(interpreter: Interpreter) -> str:
    """Where the compiled client lies, relative to the tree: running it saves 10 ms of compiling."""
    return _compiled(PYTHON_CLIENT, interpreter)


def _compiled(name: str, interpreter: Interpreter) -> str:
    major, minor = interpreter.version.split(".")[:2]
    return f"__pycache__/{name.removesuffix('.py')}.cpython-{major}{minor}.pyc"


def compile_sdk(tree: Path, interpreter: Interpreter) -> None:
    """Compile the SDK for an interpreter (seconds of CPU): importing boto3 is then 4 times quicker."""
    mark = tree / "__pycache__" / f"sdk-{interpreter.version}"
    if mark.exists() or not (tree / "boto3").is_dir():
        return
    _run(interpreter, _COMPILE_TREE, str(tree), timeout_s=300.0)
    mark.touch()


def _compile_client(tree: Path, interpreter: Interpreter) -> None:
    for name in reversed(PYTHON_FILES):  # the client last: without it this is done again
        compiled = tree / _compiled(name, interpreter)
        if not compiled.exists():
            _run(
                interpreter,
                _COMPILE,
                str(tree / name),
                str(compiled),
                f"/var/runtime/{name}",
                timeout_s=PROBE_TIMEOUT_S,
            )


def _run(interpreter: Interpreter, program: str, *arguments: str, timeout_s: float) -> None:
    subprocess.run(
        [str(interpreter.binary), "-I", "-S", "-c", program, *arguments],
        check=True,
        capture_output=True,
        timeout=timeout_s,
        stdin=subprocess.DEVNULL,
        umask=0o022,  # readable by the user of the sandbox
    )


def _copy(name: str, draft: Path) -> None:
    for source, relative in _sdk_files(name):
        target = draft / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _sdk_files(name: str) -> Iterator[tuple[Path, str]]:
    """Every file of a module with its place in the tree, bytecode left out: it is of another interpreter."""
    origin = _origin(name)
    if origin.name != "__init__.py":
        yield origin, origin.name
        return
    package = origin.parent
    for directory, _, files in os.walk(package):
        if not directory.endswith("__pycache__"):
            for file in files:
                source = Path(directory) / file
                yield source, f"{name}/{source.relative_to(package)}"


def _origin(name: str) -> Path:
    # Finding is not importing: nothing of the SDK is loaded into the server.
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise EnvironmentUnavailable(f"lambdad's own environment lacks {name}; install lambdad again")
    return Path(spec.origin)


def _stamp(*clients: Path, modules: Iterable[str] = ()) -> str:
    """Names the contents: the clients' bytes and, for the SDK, its place and age of installation."""
    state = [client.read_bytes() for client in clients]
    for name in modules:
        origin = _origin(name)
        state.append(f"{origin}:{origin.stat().st_mtime_ns}".encode())
    return hashlib.sha256(b"\n".join(state)).hexdigest()[:16]


class _draft:  # noqa: N801 - reads as a statement
    """A directory that appears under its name only when it is complete; two makers may race."""

    def __init__(self, final: Path) -> None:
        self._final = final

    def __enter__(self) -> Path:
        self._final.parent.mkdir(parents=True, exist_ok=True)
        self._path = self._final.parent / f".draft-{os.getpid()}-{time.monotonic_ns()}"
        self._path.mkdir()
        return self._path

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            for directory, _, files in os.walk(self._path):
                Path(directory).chmod(0o755)
                for name in files:
                    (Path(directory) / name).chmod(0o644)
            try:
                self._path.rename(self._final)
            except OSError:
                if not self._final.is_dir():
                    raise
        shutil.rmtree(self._path, ignore_errors=True)
