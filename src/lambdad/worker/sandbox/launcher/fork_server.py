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
from collections.abc import Callable
from types import CodeType
from typing import NamedTuple, NoReturn, TypedDict

from lambdad.worker.sandbox.launcher import seccomp, syscalls
from lambdad.worker.sandbox.launcher.first.becoming import Powers
from lambdad.worker.sandbox.launcher.first.forked import Fork
from lambdad.worker.sandbox.launcher.first.spawning import Spawner
from lambdad.worker.sandbox.launcher.newborn import NAMESPACES, LimitsWish, Waits
from lambdad.worker.sandbox.launcher.preloaded import Preloaded
from lambdad.worker.sandbox.launcher.waiting import look_like, wait_for_function

SOURCE = "/run"
"""Where lambdad's own modules are while it starts."""
BOOT = (
    # First what every client loads, so that it is there for the function as well. What `-c` itself has loaded
    # (linecache, from Python 3.13 on) a client has not.
    "import sys, os, time, importlib, _json, _socket; "
    "before = set(sys.modules) - {'linecache'}; sys.path.insert(0, '/run'); "
    "from lambdad.worker.sandbox.launcher import preloaded; loaded = preloaded.preload(); "
    "from lambdad.worker.sandbox.launcher.fork_server import main; main(before, loaded)()"
)
MOST_DESCRIPTORS = 32
MAX_REQUEST_BYTES = 200 * 1024
_PYC_HEADER_BYTES = 16  # PEP 552
_SET_BY_PYTHON = (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ)
"""Signals that an interpreter has given another action than the default one when it starts."""
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


class _Forked(Exception):
    """Unwinds a fork, which has become what waits for its function, up to the start of its program."""


class _Server(NamedTuple):
    """What a fork server needs for each fork.

    Attributes:
        area: where its arguments lie.
        actions: of signals, as the interpreter has set them when it started.
    """

    spawner: Spawner
    powers: Powers
    area: tuple[int, int]
    actions: tuple[tuple[int, bytes], ...]


def main(before: set[str], loaded: Preloaded) -> Callable[[], None]:
    """Serve until the launcher is gone; in a blank, what it goes on with: the client's own `main`.

    Args:
        before: names of the modules the interpreter and our client load in any case.
        loaded: what was preloaded.
    """
    descriptor, program, _owner, privileged, *argv = sys.argv[1:]
    control = socket.socket(fileno=int(descriptor))
    powers = Powers(privileged == "privileged", 0, seccomp.program(syscalls.architecture()))
    code = _client(argv[-1])
    server = _Server(
        Spawner(int(program)),
        powers,
        syscalls.argument_area(),
        tuple((number, syscalls.signal_action(number)) for number in _SET_BY_PYTHON),
    )
    os.close(int(program))
    look_like(argv, before, loaded)
    syscalls.unmount(SOURCE)
    os.chdir(SOURCE)
    sys.path.remove(SOURCE)
    go_on = _prepared(code)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        syscalls.ignore_signal(number)  # a terminal's Ctrl-C is the server's to answer
    # What exists now is shared by every blank for ever: the collector must not touch (and so copy) it.
    gc.collect()
    gc.freeze()
    gc.disable()
    control.send(json.dumps({"event": "ready"}).encode())
    try:
        _serve(control, server)
    except _Forked:
        control.detach()  # its number is one of the function's by now, which it would close
    wait_for_function()
    return go_on


def _prepared(code: CodeType) -> Callable[[], None]:
    """Execute the client as `__main__`, all but its `main`, which is returned: no blank has to."""
    names = vars(sys.modules["__main__"])
    names["_is_prepared"] = True
    exec(code, names)  # noqa: S102 - our own file
    del names["_is_prepared"]
    go_on: Callable[[], None] = names["main"]
    return go_on


def _client(path: str) -> CodeType:
    """The compiled client, by a path like `__pycache__/lambdad_runtime.cpython-313.pyc`."""
    with open(path, "rb") as file:
        code: CodeType = marshal.loads(file.read()[_PYC_HEADER_BYTES:])  # noqa: S302 - our own file
    return code


def _serve(control: socket.socket, server: _Server) -> NoReturn:
    while True:
        data, descriptors, _, _ = socket.recv_fds(
            control, MAX_REQUEST_BYTES, MOST_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
        )
        if not data:
            os._exit(0)
        answer = _fork(json.loads(data), descriptors, server)
        for descriptor in descriptors:
            os.close(descriptor)
        control.send(json.dumps(answer).encode())


def _fork(request: Request, descriptors: list[int], server: _Server) -> dict[str, int | str | None]:
    expected = 2 + request["born_into"] + request["tasks"] + len(request["waits"]["targets"]) + 1
    if len(descriptors) != expected:  # there is no room for more here: another one is started
        os._exit(1)
    fork = _wanted(request, descriptors, server)
    try:
        syscalls.setns(fork.sandbox, syscalls.CLONE_NEWPID)  # for children alone
        between = server.spawner.fork_of_another(_BETWEEN, server.powers, fork)
    except OSError as error:
        return {"error": str(error), "errno": error.errno}
    if between == 0:
        syscalls.as_forked()
        server.spawner.forget()
        raise _Forked
    number = os.waitstatus_to_exitcode(os.waitpid(between, 0)[1])
    return {"error": os.strerror(number), "errno": number} if number else {}


def _wanted(request: Request, descriptors: list[int], server: _Server) -> Fork:
    sandbox, gate, *rest = descriptors
    born_into = rest.pop(0) if request["born_into"] else None
    tasks, limits, waits = request["tasks"], request["limits"], request["waits"]
    return Fork(
        sandbox,
        NAMESPACES & ~syscalls.CLONE_NEWPID,
        gate,
        born_into,
        tuple(rest[:tasks]),
        tuple(rest[tasks:]),
        tuple(tuple(numbers) for numbers in waits["targets"]),
        tuple(waits["argv"]),
        server.area,
        limits["open_files"],
        limits["processes"],
        server.actions,
    )
