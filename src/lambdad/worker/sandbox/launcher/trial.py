"""The probe: a throwaway sandbox is made exactly as a real one, and says how far it came."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
from typing import NotRequired, TypedDict

from lambdad.worker.sandbox.launcher import watching
from lambdad.worker.sandbox.launcher.birth import NoNetwork, Nursery
from lambdad.worker.sandbox.launcher.cgroups import Groups
from lambdad.worker.sandbox.launcher.first import births, tables
from lambdad.worker.sandbox.launcher.first.becoming import Powers
from lambdad.worker.sandbox.launcher.first.table import ENDED, reply
from lambdad.worker.sandbox.launcher.first.tables import Command
from lambdad.worker.sandbox.launcher.hierarchies import CONTROLLERS
from lambdad.worker.sandbox.launcher.newborn import Wish

PROBE = "probe"
FREEZE = "freeze"
_PATIENCE_MS = 5_000
_PROCESSES, _OPEN_FILES = 64, 64
_LISTEN = [("127.0.0.1", 9001)]
_PLACE = 1
_STEPS = births.STEPS


class Fact(TypedDict):
    """One thing that was tried: `plan.Finding`, mostly without the remedy."""

    feature: str
    works: bool
    detail: str
    remedy: NotRequired[str]


def nothing_works(why: str) -> list[Fact]:
    """The facts of a host that refuses already the first step."""
    return _up_to(_STEPS[0], why)


def try_isolation(nursery: Nursery, groups: Groups) -> list[Fact]:
    """Make a throwaway sandbox, see a program start, be frozen, go on and be killed in it, and end it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        try:
            newborn = nursery.bear(_wish(), theirs, NoNetwork())
        except OSError as error:
            return _up_to(_STEPS[0], str(error))
        theirs.close()
        try:
            first = _First(ours, nursery.powers())
            failure = _live(first)
            facts = _up_to(*failure) if failure else [_did(step) for step in _STEPS]
            if not failure:
                facts.append(_try_freezing(first, groups.freeze_file(PROBE)))
        finally:
            os.kill(newborn.pid, signal.SIGKILL)
            os.waitpid(newborn.pid, 0)
            os.close(newborn.pidfd)
    return facts


def works(facts: list[Fact], *features: str) -> bool:
    """Whether all of these were tried and did work; without any named, whatever isolates."""
    wanted = set(features or _STEPS)
    return wanted == {fact["feature"] for fact in facts if fact["works"] and fact["feature"] in wanted}


def limit_facts(groups: Groups, *, joined: bool) -> list[Fact]:
    """What the control groups give; `joined` tells whether the throwaway sandbox ran inside its groups."""
    facts = []
    for controller in CONTROLLERS:
        if controller in groups.found.parents and joined:
            detail = f"control groups version {groups.found.version}"
            facts.append(_fact(f"{controller} limit", works=True, detail=detail))
        elif controller == "pids" and joined:
            facts.append(_fact("pids limit", works=True, detail="RLIMIT_NPROC in a user namespace"))
        else:
            problem = groups.found.problems.get(controller, "no sandbox could be made")
            facts.append(_fact(f"{controller} limit", works=False, detail=problem))
    return facts


def _wish() -> Wish:
    limits = {
        "memory_bytes": 64 << 20,
        "processes": _PROCESSES,
        "open_files": _OPEN_FILES,
        "tmp_bytes": 1 << 20,
    }
    return {
        "id": PROBE,
        "mounts": [],
        "shared": [],
        "limits": limits,  # type: ignore[typeddict-item]
        "listen": _LISTEN,
        "outbound": False,
        "blank": False,
        "fork_server": None,
        "waits": None,
    }


class _First:
    """The first process of the throwaway sandbox.

    Args:
        control: its control socket.
        powers: those of every sandbox.
    """

    def __init__(self, control: socket.socket, powers: Powers) -> None:
        self._control = control
        self._powers = powers

    def begin(self) -> tuple[str, str] | None:
        """None, or the step that failed and why."""
        message = self._next()
        if message[:1] == b"{":  # it did not come so far
            failure = json.loads(message)
            return failure["step"], failure["error"]
        if not message:
            return _STEPS[0], "the child died"
        error, _, step, *_ = reply(message)
        return (_STEPS[step], os.strerror(-error)) if error else None

    def start(self, script: str, output: int) -> str | None:
        """Start a shell script; None, or why it could not be."""
        told, tell = os.pipe2(os.O_CLOEXEC)
        argv = ("/bin/sh", "-c", script)
        command = Command(_PLACE, argv, {}, "/", ((1, 2),), _PROCESSES, _OPEN_FILES, renounces=False)
        table = tables.start(self._powers, command)
        try:
            socket.send_fds(self._control, [table.packed()], [output, tell])
            os.close(tell)
            message = self._next()
            if not message:
                return "the child died"
            error, at, *_ = reply(message)
            if error:
                return table.words(at, error)
            failed = os.read(told, 8)  # nothing, once it is executed
            return os.strerror(-int.from_bytes(failed, "little", signed=True)) if failed else None
        finally:
            os.close(told)

    def ended(self) -> int | None:
        """The status with which the script has ended; None when it has not in time."""
        message = self._next()
        return reply(message)[2] if message and reply(message)[3] == ENDED else None

    def signal(self, number: int) -> None:
        """Send everybody a signal."""
        self._control.send(tables.signal_to_all(number).packed())

    def _next(self) -> bytes:
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        if not poll.poll(_PATIENCE_MS):
            return b""
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, 65536, 8)
        except ConnectionResetError:  # it ended without reading; what it has said before is still there
            return self._next()
        for descriptor in descriptors:
            os.close(descriptor)
        return data


def _live(first: _First) -> tuple[str, str] | None:
    """None, or the step that failed and why."""
    failure = first.begin()
    if failure is not None:
        return failure
    output_read, output_write = os.pipe2(os.O_CLOEXEC)
    try:
        why = first.start(":", output_write)
    finally:
        os.close(output_write)
        os.close(output_read)
    if why is not None:
        return _STEPS[-1], why
    status = first.ended()
    if status != 0:
        return _STEPS[-1], f"the program ended with {status}"
    return None


def _try_freezing(first: _First, freeze_file: str | None) -> Fact:
    """Freeze a child that prints without end, see that nothing more comes; thaw it, see that more comes."""
    output, output_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        why = first.start(watching.BUSY, output_write)
        os.close(output_write)
        if why is not None or not watching.prints(output):
            return _fact(FREEZE, works=False, detail=f"the child did not run: {why}")
        return _freeze_and_thaw(first, freeze_file, output)
    finally:
        os.close(output)


def _freeze_and_thaw(first: _First, freeze_file: str | None, output: int) -> Fact:
    detail = "SIGSTOP and SIGCONT" if freeze_file is None else "cgroup.freeze"
    try:
        _order(first, freeze_file, signal.SIGSTOP, b"1")
        if not watching.falls_silent(output):
            return _fact(FREEZE, works=False, detail=f"{detail}: a frozen child went on")
        _order(first, freeze_file, signal.SIGCONT, b"0")
    except OSError as error:
        return _fact(FREEZE, works=False, detail=f"{detail}: {error}")
    if not watching.prints(output):
        return _fact(FREEZE, works=False, detail=f"{detail}: a thawed child did not go on")
    return _fact(FREEZE, works=True, detail=detail)


def _order(first: _First, freeze_file: str | None, number: int, written: bytes) -> None:
    if freeze_file is None:
        first.signal(number)
        return
    descriptor = os.open(freeze_file, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, written)
    finally:
        os.close(descriptor)


def _up_to(failed: str, why: str) -> list[Fact]:
    at = _STEPS.index(failed)
    facts = [_did(step) for step in _STEPS[:at]]
    facts.append(_fact(failed, works=False, detail=why))
    return facts + [_fact(step, works=False, detail="not reached") for step in _STEPS[at + 1 :]]


def _did(step: str) -> Fact:
    return _fact(step, works=True, detail="a child did it")


def _fact(feature: str, *, works: bool, detail: str) -> Fact:
    return {"feature": feature, "works": works, "detail": detail}
