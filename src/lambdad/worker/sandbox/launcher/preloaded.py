"""Modules of the standard library that a fork server has loaded, for blanks whose function imports them.

A function sees none of them until it imports one; then it gets the one that is there, with everything that
module has imported itself, instead of executing it again: that takes no time, and the memory stays shared. A
module of the function's own or of a layer with the same name comes first, as always.
"""

# os.path on purpose: pathlib would add to the start of a process that must be small.
# ruff: noqa: PTH208

from __future__ import annotations

import builtins
import os
import sys
from importlib.machinery import ModuleSpec

# Not from `typing`: what is imported before `preload` is not seen importing anything.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

# What functions import most. Nothing here starts a thread, opens a file or reads the environment when it is
# imported; `random` seeds itself again in every forked process.
NAMES = (
    "json", "logging", "re", "datetime", "collections", "functools", "typing", "enum", "traceback", "base64",
    "hashlib", "hmac", "uuid", "random", "secrets", "decimal", "math", "string", "struct", "copy",
    "contextlib", "dataclasses", "inspect", "pathlib", "threading", "socket", "ssl", "http.client",
    "urllib.parse", "urllib.request", "tempfile", "shutil", "subprocess", "itertools", "operator", "textwrap",
    "calendar", "csv", "gzip", "weakref", "heapq", "bisect", "queue", "platform", "locale", "zoneinfo",
    "warnings",
)  # fmt: skip
_CONFIGURED = "logging"  # our client sets it up the moment it is imported: never put beside an import

_BY_C = {
    "_decimal": ("collections", "collections.abc", "numbers")
}  # code in C imports them, which nobody sees

Edges = dict[str, set[str]]


class Preloaded:
    """What was loaded.

    Attributes:
        edges: which module has imported which.
        hooks: module → what it has wanted to be called about forks (arguments of `os.register_at_fork`).
    """

    def __init__(self) -> None:
        self.edges: Edges = {}
        self.hooks: dict[str, list[dict[str, Callable[[], object]]]] = {}


def preload() -> Preloaded:
    """Import them all.

    Nothing of it is called when a blank is forked, which would touch (and so copy) pages of modules that its
    function may never import, but when that imports them.
    """
    loaded = Preloaded()
    original = os.register_at_fork

    def keeping(**functions: Callable[[], object]) -> None:
        importer = str(sys._getframe(1).f_globals["__name__"])
        loaded.hooks.setdefault(importer, []).append(functions)

    os.register_at_fork = keeping  # type: ignore[assignment]
    try:
        loaded.edges = _import_all()
    finally:
        os.register_at_fork = original
    return loaded


def _import_all() -> Edges:
    edges: Edges = {}
    original = builtins.__import__

    def noting(
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002 - its name in `__import__`
        locals: Mapping[str, object] | None = None,  # noqa: A002 - its name in `__import__`
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        had = set(sys.modules)
        module = original(name, globals, locals, fromlist or (), level)
        importer = str((globals or {}).get("__name__"))
        full = module.__name__ if level else name
        found = {full, *(f"{full}.{one}" for one in fromlist or ())}
        edges.setdefault(importer, set()).update(found & sys.modules.keys())
        # What code in C imports is seen by this alone.
        edges.setdefault(full, set()).update(sys.modules.keys() - had - {full})
        return module

    builtins.__import__ = noting
    try:
        for name in NAMES:
            __import__(name)
    finally:
        builtins.__import__ = original
    for name, imported in _BY_C.items():
        edges.setdefault(name, set()).update(imported)
    return edges


class PreloadedFinder:
    """Finds modules that are loaded but not yet the function's.

    Args:
        modules: by full name.
        loaded: what they have imported, and want to be called about forks.
    """

    def __init__(self, modules: dict[str, ModuleType], loaded: Preloaded) -> None:
        self._modules = modules
        self._edges = loaded.edges
        self._hooks = loaded.hooks
        self._looked_at: tuple[str, ...] = ()
        self._own: frozenset[str] = frozenset()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of one that is here, unless the function has one of that name."""
        module = self._modules.get(name)
        if module is None or target is not None or self._is_own(name.partition(".")[0]):
            return None
        parent = name.rpartition(".")[0]
        if parent and (path is None or getattr(sys.modules.get(parent), "__path__", None) is not path):
            return None
        del self._modules[name]
        loader = _Loader(self, module)
        return ModuleSpec(name, loader, is_package=hasattr(module, "__path__"))  # type: ignore[arg-type]

    def add_imports_of(self, name: str) -> None:
        """What the module has imported is imported now."""
        waiting = [name]
        while waiting:
            for found in self._edges.get(waiting.pop(), ()):
                if found == _CONFIGURED and found not in sys.modules:
                    __import__(found)
                elif found in self._modules and not self._is_own(found.partition(".")[0]):
                    sys.modules[found] = self._modules.pop(found)
                    self.tell_of_fork(sys.modules[found])
                    waiting.append(found)

    def tell_of_fork(self, module: ModuleType) -> None:
        """Call what the module wanted to be called in this fork, and note what it wants for our own ones."""
        for functions in self._hooks.pop(module.__name__, ()):
            functions.get("after_in_child", _nothing)()
            os.register_at_fork(**functions)
        if module.__name__ == "threading":
            # Python keeps the number the thread had in the fork server.
            module.main_thread()._set_native_id()

    def _is_own(self, name: str) -> bool:
        """Whether a place that is searched before the standard library has something of that name."""
        if self._looked_at != tuple(sys.path):
            self._looked_at = tuple(sys.path)
            self._own = frozenset(_names_before_library())
        return name in self._own


class _Loader:
    """Gives a module that was executed before."""

    def __init__(self, finder: PreloadedFinder, module: ModuleType) -> None:
        self._finder = finder
        self._module = module
        self._spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module itself."""
        del spec
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing but what importing would have done beside."""
        module.__spec__ = self._spec  # or it could not be reloaded
        self._finder.tell_of_fork(module)
        self._finder.add_imports_of(module.__name__)


def _nothing() -> None:
    pass


def _names_before_library() -> list[str]:
    library = os.path.dirname(os.__file__)  # noqa: PTH120
    names: list[str] = []
    for place in sys.path:
        if place == library:
            break
        try:
            names += [entry.partition(".")[0] for entry in os.listdir(place or ".")]
        except OSError:
            continue
    return names
