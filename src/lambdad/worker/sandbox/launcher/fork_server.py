"""A fork server: an interpreter of functions that has loaded our client and forks what waits in blanks.

It runs in a root of its own, in which its tree lies where a function sees it, so that what is forked cannot
tell itself from a program that was executed there. It is no part of any sandbox and nothing of a function
ever reaches it: what it remembered would be found in the memory of every later blank.

    launcher ──requests──▶ fork server ──clone3, clone3──▶ what waits for its function, a child of pid 1

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
from lambdad.worker.sandbox.launcher.first.spawning import Spawner
from lambdad.worker.sandbox.launcher.newborn import NAMESPACES, LimitsWish, Origin
from lambdad.worker.sandbox.launcher.preloaded import Edges
from lambdad.worker.sandbox.launcher.program import Become, Powers, Waits, become
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
_BETWEEN = 300
"""Number, in the sandbox, of the process that only forks: 2 is to be the one that waits."""


class Request(TypedDict):
    """One fork.

    Its descriptors come along in this order: a pidfd of the sandbox's first process, the end of a pipe on
    which that says when it is ready, its group (if `born_into`), those of `Powers.tasks`, of what waits.
    """

    waits: Waits
    limits: LimitsWish
    born_into: bool
    tasks: int


def main(before: set[str], edges: Edges) -> CodeType:
    """Serve until the launcher is gone; in a blank, the program it goes on with.

    Args:
        before: names of the modules the interpreter and our client load in any case.
        edges: of what was preloaded.
    """
    descriptor, program, owner, privileged, *argv = sys.argv[1:]
    control = socket.socket(fileno=int(descriptor))
    origin = Origin(
        privileged == "privileged",
        owner,
        seccomp.program(syscalls.architecture()),
        syscalls.argument_area(),
    )
    code = _client(argv[-1])
    spawner = Spawner(int(program))
    os.close(int(program))
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
        _serve(control, origin, spawner)
    except Become:
        control.detach()  # its number is one of the function's by now, which it would close
    wait_for_function()
    return code


def _client(path: str) -> CodeType:
    """The compiled client, by a path like `__pycache__/lambdad_runtime.cpython-313.pyc`."""
    with open(path, "rb") as file:
        code: CodeType = marshal.loads(file.read()[_PYC_HEADER_BYTES:])  # noqa: S302 - our own file
    return code


def _serve(control: socket.socket, origin: Origin, spawner: Spawner) -> NoReturn:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # a terminal's Ctrl-C is the server's to answer
    while True:
        data, descriptors, _, _ = socket.recv_fds(
            control, MAX_REQUEST_BYTES, MOST_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
        )
        if not data:
            os._exit(0)
        answer = _fork(json.loads(data), descriptors, origin, spawner)
        for descriptor in descriptors:
            os.close(descriptor)
        control.send(json.dumps(answer).encode())


def _fork(
    request: Request, descriptors: list[int], origin: Origin, spawner: Spawner
) -> dict[str, int | str | None]:
    expected = 2 + request["born_into"] + request["tasks"] + len(request["waits"]["targets"]) + 1
    if len(descriptors) != expected:  # there is no room for more here: another one is started
        os._exit(1)
    sandbox, gate, *rest = descriptors
    born_into = rest.pop(0) if request["born_into"] else None
    try:
        syscalls.setns(sandbox, syscalls.CLONE_NEWPID)  # for children alone
        between = spawner.fork_of_another(_BETWEEN, born_into)
    except OSError as error:
        return {"error": str(error), "errno": error.errno}
    if between == 0:
        syscalls.as_forked()
        spawner.forget()
        limits, tasks = request["limits"], request["tasks"]
        powers = Powers(
            origin.privileged,
            limits["open_files"],
            limits["processes"],
            rest[:tasks],
            origin.arguments,
            origin.filter,
        )
        become(request["waits"], rest[tasks:], powers, lambda: _enter(sandbox, gate))
    number = os.waitstatus_to_exitcode(os.waitpid(between, 0)[1])
    return {"error": os.strerror(number), "errno": number} if number else {}


def _enter(sandbox: int, gate: int) -> None:
    """Enter a sandbox, once its world is made."""
    if not os.read(gate, 1):
        os._exit(1)  # it could not be
    syscalls.setns(sandbox, NAMESPACES & ~syscalls.CLONE_NEWPID)
