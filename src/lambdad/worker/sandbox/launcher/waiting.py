"""A blank that waits: it looks like the program it stands for, reads its environment, and goes on as that.

Before: the reaper has forked it and it has become the function's user (`program`). After: the client runs
as if the interpreter had been executed with the environment that was read.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import time

CHANNEL = 4
_LENGTH_BYTES = 4
_COERCED = "LC_CTYPE"
"""Python sets it when this host lacks the locale of LANG, for programs it starts (PEP 538)."""


def wait_for_function(argv: list[str], before: set[str]) -> None:
    """Wait until the server says which environment the program has; everything else is ready by then.

    Args:
        argv: what the program was started with, as it shall see it.
        before: names of the modules the interpreter and our client load in any case.
    """
    _signals_of_python()
    sys.argv = argv[-1:]
    sys.orig_argv = argv
    _be_main(argv[-1])
    _forget_modules(before)
    gc.enable()
    _take(_frame(CHANNEL))


def _signals_of_python() -> None:
    """As the interpreter sets them when it starts; the kernel's were reset before."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _be_main(path: str) -> None:
    """`__main__` is what running the file `path` gives."""
    names = vars(sys.modules["__main__"])
    for name in [one for one in names if not one.startswith("__")]:
        del names[name]
    names["__file__"] = path
    names["__cached__"] = None


def _forget_modules(before: set[str]) -> None:
    """What we have loaded is none of the function's: it shall find its own, if it has one of that name.

    It is forgotten, but not freed: that would take time, and copy the pages it lies in.
    """
    forgotten = [sys.modules.pop(name) for name in list(sys.modules) if name not in before]
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(forgotten))
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
    coerced = os.environ.get(_COERCED)
    os.environ.clear()
    for entry in entries:
        name, _, value = entry.partition(b"=")
        os.environb[name] = value
    if coerced is not None:
        os.environ.setdefault(_COERCED, coerced)
    time.tzset()
    os.chdir(cwd)
