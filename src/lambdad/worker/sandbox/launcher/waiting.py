"""A blank that waits: it looks like the program it stands for, reads its environment, and goes on as that.

Before: a fork server has forked it and it has become the function's user (`program`). After: the client runs
as if the interpreter had been executed with the environment that was read.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import time

from lambdad.worker.sandbox.launcher.preloaded import Preloaded, PreloadedFinder

CHANNEL = 4
_LENGTH_BYTES = 4
_COERCED = b"LC_CTYPE"
"""Python sets it when this host lacks the locale of LANG, for programs it starts (PEP 538)."""


def look_like(argv: list[str], before: set[str], loaded: Preloaded) -> None:
    """Look like a program that was just executed; once, in the fork server, for all its blanks.

    Whatever a blank does itself copies the pages it touches, in every single one.

    Args:
        argv: what the program is started with, as it shall see it.
        before: names of the modules the interpreter and our client load in any case.
        loaded: what was preloaded.
    """
    sys.argv = argv[-1:]
    sys.orig_argv = argv
    _be_main(argv[-1])
    _forget_modules(before, loaded)


def wait_for_function() -> None:
    """Wait until the server says which environment the program has; everything else is ready by then."""
    gc.enable()
    _take(_frame(CHANNEL))


def _be_main(path: str) -> None:
    """`__main__` is what running the file `path` gives."""
    names = vars(sys.modules["__main__"])
    for name in [one for one in names if not one.startswith("__")]:
        del names[name]
    names["__file__"] = path
    names["__cached__"] = None


def _forget_modules(before: set[str], loaded: Preloaded) -> None:
    """What we have loaded is none of the function's: it shall find its own, if it has one of that name.

    What was preloaded can be found. The rest is forgotten, but not freed: that would take time, and copy the
    pages it lies in.
    """
    forgotten = {name: sys.modules.pop(name) for name in list(sys.modules) if name not in before}
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(forgotten))
    found = {name for names in loaded.edges.values() for name in names if not name.startswith("lambdad")}
    ours = {name: module for name, module in forgotten.items() if name in found}
    at = next(n for n, one in enumerate(sys.meta_path) if getattr(one, "__name__", "") == "PathFinder")
    sys.meta_path.insert(at, PreloadedFinder(ours, loaded))
    sys.path_importer_cache.clear()


def _frame(descriptor: int) -> bytes:
    """The first message: its length (4 bytes, big endian), then that many bytes."""
    length = int.from_bytes(_exactly(descriptor, _LENGTH_BYTES), "big")
    return _exactly(descriptor, length)


def _exactly(descriptor: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = os.read(descriptor, size - len(data))
        if not more:
            os._exit(0)  # nobody wants this blank any more
        data += more
    return data


def _take(frame: bytes) -> None:
    """Working directory and then variables, each ending in NUL."""
    cwd, *entries, _ = frame.split(b"\0")
    pairs = (entry.partition(b"=") for entry in entries)
    wanted = {name: value for name, _, value in pairs}
    had = os.environb
    for name in [name for name in had if name not in wanted and name != _COERCED]:
        del had[name]
    for name, value in wanted.items():
        if had.get(name) != value:  # each that is set costs more than looking
            had[name] = value
    time.tzset()
    os.chdir(cwd)
