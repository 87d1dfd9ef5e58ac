"""A fork server: an interpreter of functions that has loaded our client and makes blanks of itself.

It runs in a root of its own, in which its tree lies where a function sees it, so that what is forked cannot
tell itself from a program that was executed there. It is no part of any sandbox and nothing of a function
ever reaches it: what it remembered would be found in the memory of every later blank.

    launcher ──clone requests──▶ fork server ──clone3──▶ reaper ──fork──▶ blank, which waits for its function

This module is run by the interpreter of a function, of Python 3.10 or newer.
"""

from __future__ import annotations

import gc
import json
import marshal
import os
import signal
import socket
import sys
from types import CodeType
from typing import NoReturn, TypedDict

from lambdad.worker.sandbox.launcher import seccomp, syscalls
from lambdad.worker.sandbox.launcher.newborn import NAMESPACES, Belongings, Origin, Wish, grow_up
from lambdad.worker.sandbox.launcher.preloaded import Edges
from lambdad.worker.sandbox.launcher.program import Become
from lambdad.worker.sandbox.launcher.waiting import look_like, wait_for_function

SOURCE = "/run"
"""Where lambdad's own modules are while it starts."""
BOOT = (
    # First what every client loads, so that it is there for the function as well. What `-c` itself has loaded
    # (linecache, from Python 3.13 on) a client has not.
    "import sys, os, time, importlib, _json, _socket; "
    "before = set(sys.modules) - {'linecache'}; sys.path.insert(0, '/run'); "
    "from lambdad.worker.sandbox.launcher import preloaded; edges = preloaded.preload(); "
    "from lambdad.worker.sandbox.launcher.fork_server import main; exec(main(before, edges))"
)
MOST_DESCRIPTORS = 32
MAX_REQUEST_BYTES = 200 * 1024
_PYC_HEADER_BYTES = 16  # PEP 552


class Request(TypedDict):
    """One clone; its descriptors come along: `born_into` (if any), then those of `Belongings.all`."""

    wish: Wish
    born_into: bool
    has_tmp: bool
    trees: int
    tasks: int


def main(before: set[str], edges: Edges) -> CodeType:
    """Serve until the launcher is gone; in a blank, the program it goes on with.

    Args:
        before: names of the modules the interpreter and our client load in any case.
        edges: of what was preloaded.
    """
    descriptor, owner, privileged, *argv = sys.argv[1:]
    control = socket.socket(fileno=int(descriptor))
    origin = Origin(
        privileged == "privileged",
        owner,
        seccomp.program(syscalls.architecture()),
        syscalls.argument_area(),
    )
    code = _client(argv[-1])
    look_like(argv, before, edges)
    syscalls.unmount(SOURCE)
    os.chdir(SOURCE)
    sys.path.remove(SOURCE)
    # What exists now is shared by every blank for ever: the collector must not touch (and so copy) it.
    gc.collect()
    gc.freeze()
    gc.disable()
    control.send(json.dumps({"event": "ready"}).encode())
    try:
        _serve(control, origin)
    except Become:
        control.detach()  # see `newborn`
    wait_for_function()
    return code


def _client(path: str) -> CodeType:
    """The compiled client, by a path like `__pycache__/lambdad_runtime.cpython-313.pyc`."""
    with open(path, "rb") as file:
        code: CodeType = marshal.loads(file.read()[_PYC_HEADER_BYTES:])  # noqa: S302 - our own file
    return code


def _serve(control: socket.socket, origin: Origin) -> NoReturn:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # a terminal's Ctrl-C is the server's to answer
    while True:
        data, descriptors, _, _ = socket.recv_fds(
            control, MAX_REQUEST_BYTES, MOST_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
        )
        if not data:
            os._exit(0)
        answer = _clone(json.loads(data), descriptors, origin)
        for descriptor in descriptors:
            os.close(descriptor)
        control.send(json.dumps(answer).encode())


def _clone(request: Request, descriptors: list[int], origin: Origin) -> dict[str, int | str | None]:
    born_into, given = (descriptors[0], descriptors[1:]) if request["born_into"] else (None, descriptors)
    control, gate, first, root, *rest = given
    tmp, rest = (rest[0], rest[1:]) if request["has_tmp"] else (None, rest)
    trees, rest = rest[: request["trees"]], rest[request["trees"] :]
    tasks, waiting = rest[: request["tasks"]], rest[request["tasks"] :]
    belongings = Belongings(control, gate, root, tmp, trees, tasks, first, waiting)
    try:
        pid, pidfd = syscalls.clone(NAMESPACES | syscalls.CLONE_PARENT, born_into)
    except OSError as error:
        return {"error": str(error), "errno": error.errno}
    if pid == 0:
        syscalls.close_all_but(belongings.all)
        grow_up(request["wish"], belongings, origin)
    os.close(pidfd)
    return {"pid": pid}
