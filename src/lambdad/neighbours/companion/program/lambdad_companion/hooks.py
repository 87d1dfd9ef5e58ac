"""Puts functions of ours in the place of ministack's, once the module they are in is imported.

ministack imports a service at its first use, which keeps it small; so the hooks wait. A name that is not
there, or that takes other arguments than those known here, means that ministack moved: its module then fails
to import, and nothing is led anywhere by mistake.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, Final

Hook = Callable[[ModuleType], None]
_SERVICES: Final = "ministack.services."


class HookMoved(ImportError):
    """The pinned ministack has not what a hook replaces."""


class Hooks(importlib.abc.MetaPathFinder):
    """All hooks, by the module they wait for."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Hook]] = {}
        self._finding: set[str] = set()

    def add(self, service: str, hook: Hook) -> None:
        """Call `hook` with a module of ministack's services, right after it was imported."""
        name = _SERVICES + service
        if name in sys.modules:
            hook(sys.modules[name])
        else:
            self._waiting.setdefault(name, []).append(hook)

    def install(self) -> None:
        """Wait from now on."""
        sys.meta_path.insert(0, self)

    def import_all(self) -> list[str]:
        """Import every module that a hook waits for; their names."""
        names = sorted(self._waiting)
        for name in names:
            importlib.import_module(name)
        return names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The ordinary spec of a module, whose loader calls the hooks."""
        hooks = self._waiting.get(fullname)
        if hooks is None or fullname in self._finding:
            return None
        self._finding.add(fullname)
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._finding.discard(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Hooked(spec.loader, hooks)
        return spec


class _Hooked(importlib.abc.Loader):
    """A loader that calls hooks behind another."""

    def __init__(self, loader: Any, hooks: Sequence[Hook]) -> None:
        self._loader = loader
        self._hooks = hooks

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        found: ModuleType | None = self._loader.create_module(spec)
        return found

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        for hook in self._hooks:
            hook(module)


def replace(module: ModuleType, name: str, arguments: str, new: Callable[..., Any]) -> Callable[..., Any]:
    """Put `new` in the place of a function; the function that was there.

    Args:
        module: that has it.
        name: of the function.
        arguments: names of its parameters, separated by spaces, as `new` takes them.
        new: what is called from now on.

    Raises:
        HookMoved: it is not there, or takes others.
    """
    old: Callable[..., Any] | None = getattr(module, name, None)
    if old is None:
        raise HookMoved(f"{module.__name__} has no {name}")
    found = " ".join(inspect.signature(old).parameters)
    if found != arguments:
        raise HookMoved(f"{module.__name__}.{name} takes ({found}), not ({arguments})")
    setattr(module, name, new)
    return old
