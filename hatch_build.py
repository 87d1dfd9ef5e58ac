"""Builds the console when a wheel is built; a checkout that is installed in place has `make console`."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ConsoleHook(BuildHookInterface):  # type: ignore[type-arg]
    """Has the console's files in the wheel."""

    def dependencies(self) -> list[str]:
        """Node.js as a package, where the machine has none and something is to be built."""
        console = _console(Path(self.root))
        return [] if console is None or console.is_current() or console.has_node() else [console.NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build them, unless they are current.

        Raises:
            RuntimeError: they could not be built.
        """
        console = _console(Path(self.root))
        if version == "editable" or console is None or console.is_current():
            return
        if console.build() != 0:
            raise RuntimeError("the console could not be built: see what npm said above")


def _console(root: Path) -> ModuleType | None:
    """The script that builds it; None in a source distribution, which has the files."""
    script = root / "scripts" / "console.py"
    if not script.exists():
        return None
    spec = importlib.util.spec_from_file_location("lambdad_console_build", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
