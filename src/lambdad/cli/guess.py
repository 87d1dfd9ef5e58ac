"""What a folder of code wants to be, from the names in it: pure, nothing is read or run."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import PurePosixPath

from lambdad.cli.errors import CommandError

NODE_RUNTIME = "nodejs22.x"
CUSTOM_RUNTIME = "provided.al2023"
PYTHON_RUNTIME = "python3.13"
PYTHON_MODULES = ("lambda_function", "app", "main", "handler", "index")
NODE_MODULES = ("index", "app", "main", "handler")
NODE_ENDINGS = (".mjs", ".js", ".cjs")


def runtime_of(names: Collection[str], runnable: Collection[str]) -> str:
    """The runtime id for code with these files at its top.

    Args:
        names: file names at the top of the tree.
        runnable: runtime ids this host can run; the newest of a language is taken.

    Raises:
        CommandError: nothing tells.
    """
    if "bootstrap" in names:
        return CUSTOM_RUNTIME
    if "package.json" in names or any(name.endswith(".mjs") for name in names):
        return _newest(runnable, "nodejs", NODE_RUNTIME)
    if "requirements.txt" in names or any(name.endswith(".py") for name in names):
        return _newest(runnable, "python", PYTHON_RUNTIME)
    if any(name.endswith(NODE_ENDINGS) for name in names):
        return _newest(runnable, "nodejs", NODE_RUNTIME)
    raise CommandError("the files do not tell the runtime; name it, for example --runtime python3.12", 2)


def handler_of(runtime: str, names: Collection[str]) -> str:
    """The handler for code with these files at its top.

    Raises:
        CommandError: no file stands out.
    """
    if runtime.startswith("python"):
        return _named(names, (".py",), PYTHON_MODULES, {"lambda_function": "lambda_handler"})
    if runtime.startswith("nodejs"):
        return _named(names, NODE_ENDINGS, NODE_MODULES, {})
    return "bootstrap"


def function_name_of(source: str) -> str:
    """A valid function name from the name of a folder or file.

    Raises:
        CommandError: nothing of it can stand in a function name.
    """
    path = PurePosixPath(source)
    stem = path.stem if path.suffix in {".py", ".zip", *NODE_ENDINGS} else path.name
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-")[:64]
    if not name:
        raise CommandError(f"{source} does not make a function name; give one with --name", 2)
    return name


def _named(
    names: Collection[str], endings: tuple[str, ...], preferred: tuple[str, ...], functions: dict[str, str]
) -> str:
    stems = {PurePosixPath(name).stem for name in names if name.endswith(endings)}
    for stem in preferred:
        if stem in stems:
            return f"{stem}.{functions.get(stem, 'handler')}"
    if len(stems) == 1:
        stem = stems.pop()
        return f"{stem}.{'lambda_handler' if endings == ('.py',) else 'handler'}"
    raise CommandError("the files do not tell the handler; name it, for example --handler app.handler", 2)


def _newest(runnable: Collection[str], language: str, otherwise: str) -> str:
    """The newest runtime of a language this host can run; `otherwise` when it can run none."""
    fitting = [runtime for runtime in runnable if runtime.startswith(language)]
    return max(fitting, key=_version, default=otherwise)


def _version(runtime: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", runtime)]
