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
from lambdad.worker.sandbox.launcher.hierarchies import CONTROLLERS
from lambdad.worker.sandbox.launcher.newborn import Wish

PROBE = "probe"
FREEZE = "freeze"
_PATIENCE_MS = 5_000
_STEPS = (
    "user namespace",
    "mount namespace and root",
    "network namespace",
    "capabilities and system call filter",
)


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
            failure = _live(ours)
            facts = _up_to(*failure) if failure else [_did(step) for step in _STEPS]
            if not failure:
                facts.append(_try_freezing(ours, groups.freeze_file(PROBE)))
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
    limits = {"memory_bytes": 64 << 20, "processes": 64, "open_files": 64, "tmp_bytes": 1 << 20}
    return {
        "id": PROBE,
        "mounts": [],
        "shared": [],
        "limits": limits,  # type: ignore[typeddict-item]
        "listen": [("127.0.0.1", 9001)],
        "outbound": False,
        "blank": False,
        "fork_server": None,
    }


def _live(control: socket.socket) -> tuple[str, str] | None:
    """None, or the step that failed and why."""
    message = _next(control)
    if message.get("event") != "ready":
        return str(message.get("step", _STEPS[0])), str(message.get("error", "the child died"))
    output_read, output_write = os.pipe2(os.O_CLOEXEC)
    _start(control, ":", output_write)
    os.close(output_write)
    os.close(output_read)
    for expected in ("started", "exited"):
        message = _next(control)
        if message.get("event") != expected:
            return _STEPS[-1], str(message.get("error", "the program did not run"))
    if message.get("code") != 0:
        return _STEPS[-1], f"the program ended with {message}"
    return None


def _start(control: socket.socket, script: str, output: int) -> None:
    start = {"op": "start", "name": "probe", "argv": ["/bin/sh", "-c", script], "env": {}, "cwd": "/"}
    message = json.dumps({**start, "targets": [[1, 2]]})
    socket.send_fds(control, [message.encode()], [output])


def _try_freezing(control: socket.socket, freeze_file: str | None) -> Fact:
    """Freeze a child that prints without end, see that nothing more comes; thaw it, see that more comes."""
    output, output_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        _start(control, watching.BUSY, output_write)
        os.close(output_write)
        if _next(control).get("event") != "started" or not watching.prints(output):
            return _fact(FREEZE, works=False, detail="the child did not run")
        return _freeze_and_thaw(control, freeze_file, output)
    finally:
        os.close(output)


def _freeze_and_thaw(control: socket.socket, freeze_file: str | None, output: int) -> Fact:
    detail = "SIGSTOP and SIGCONT" if freeze_file is None else "cgroup.freeze"
    try:
        _order(control, freeze_file, "stop", b"1")
        if not watching.falls_silent(output):
            return _fact(FREEZE, works=False, detail=f"{detail}: a frozen child went on")
        _order(control, freeze_file, "continue", b"0")
    except OSError as error:
        return _fact(FREEZE, works=False, detail=f"{detail}: {error}")
    if not watching.prints(output):
        return _fact(FREEZE, works=False, detail=f"{detail}: a thawed child did not go on")
    return _fact(FREEZE, works=True, detail=detail)


def _order(control: socket.socket, freeze_file: str | None, signals: str, written: bytes) -> None:
    if freeze_file is None:
        control.send(json.dumps({"op": signals}).encode())
        return
    descriptor = os.open(freeze_file, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, written)
    finally:
        os.close(descriptor)


def _next(control: socket.socket) -> dict[str, object]:
    poll = select.poll()
    poll.register(control, select.POLLIN)
    if not poll.poll(_PATIENCE_MS):
        return {"error": "no answer"}
    data, descriptors, _, _ = socket.recv_fds(control, 65536, 8)
    for descriptor in descriptors:
        os.close(descriptor)
    answer: dict[str, object] = json.loads(data) if data else {"error": "the child died"}
    return answer


def _up_to(failed: str, why: str) -> list[Fact]:
    at = _STEPS.index(failed)
    facts = [_did(step) for step in _STEPS[:at]]
    facts.append(_fact(failed, works=False, detail=why))
    return facts + [_fact(step, works=False, detail="not reached") for step in _STEPS[at + 1 :]]


def _did(step: str) -> Fact:
    return _fact(step, works=True, detail="a child did it")


def _fact(feature: str, *, works: bool, detail: str) -> Fact:
    return {"feature": feature, "works": works, "detail": detail}
