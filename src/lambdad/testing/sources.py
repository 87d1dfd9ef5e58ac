"""From source text or a path to a function, by the way `lambdad deploy` goes."""

from __future__ import annotations

import re
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from lambdad.cli import guess
from lambdad.cli.client import Client
from lambdad.cli.deploy import Members, Wish, build, create, find, update
from lambdad.cli.errors import USAGE, CommandError

_PROGRAM_MODE = 0o755
_LONGEST_PATH = 255
"""What is longer is no path that was given as text by mistake."""


def deploy_path(client: Client, source: Path, name: str | None, wish: Wish) -> Members:
    """Create or update a function from a folder, a file or an archive; its configuration.

    Raises:
        CommandError: there is nothing to deploy, or the server refused.
    """
    name = name or guess.function_name_of(source.absolute().name)
    existing = find(client, name)
    archive, wish = build(source, wish, existing)
    if existing is None:
        return create(client, name, wish, archive)
    return update(client, name, wish, archive, existing)


def deploy_text(client: Client, text: str, name: str, wish: Wish) -> Members:
    """Create or update a function from the text of its only file; its configuration.

    Raises:
        CommandError: the text is the path of a file, or the server refused.
    """
    if "\n" not in text and len(text) <= _LONGEST_PATH and Path(text).exists():
        raise CommandError(f"source text is wanted, and {text} is a path: give Path({text!r})", USAGE)
    runtime = wish.runtime or f"python3.{sys.version_info.minor}"
    handler = wish.handler or handler_of(runtime, text)
    with tempfile.TemporaryDirectory(prefix="lambdad-testing-") as folder:
        file = Path(folder) / file_of(runtime, handler, text)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        if file.name == "bootstrap":
            file.chmod(_PROGRAM_MODE)
        return deploy_path(client, Path(folder), name, replace(wish, runtime=runtime, handler=handler))


def handler_of(runtime: str, text: str) -> str:
    """The handler when none is named: `lambda_handler` where Python text has one, else `handler`."""
    if runtime.startswith("python"):
        named = re.search(r"^(?:def )?(lambda_handler|handler)\b", text, re.MULTILINE)
        return f"app.{named[1] if named else 'handler'}"
    return "index.handler" if runtime.startswith("nodejs") else "bootstrap"


def file_of(runtime: str, handler: str, text: str) -> str:
    """The file in which the runtime looks for the handler; Node.js text that exports is a module."""
    module = handler.rpartition(".")[0]
    if runtime.startswith("python"):
        return module.replace(".", "/") + ".py"
    if runtime.startswith("nodejs"):
        return module + (".mjs" if re.search(r"^\s*export\b", text, re.MULTILINE) else ".js")
    return "bootstrap"
