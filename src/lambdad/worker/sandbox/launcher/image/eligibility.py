"""Whether a process can be written down: what it has besides memory, and why that may be too much."""

# os.path on purpose: pathlib would add to the start of a process that must be small.
# ruff: noqa: PTH115, PTH208

from __future__ import annotations

import os
import resource
from typing import NamedTuple

from lambdad.worker.sandbox.launcher.image.descriptors import OpenFile, Places, numbers, recorded
from lambdad.worker.sandbox.launcher.image.mappings import KERNELS, Layout, Mapping
from lambdad.worker.sandbox.launcher.image.refusal import ImageError, Refused
from lambdad.worker.sandbox.launcher.image.tracing import CHANNEL_FD

_MOST_NAMED = 5
_LIMITS = 16  # RLIM_NLIMITS
_DELETED = " (deleted)"
STACK, HEAP = "[stack]", "[heap]"
# userfaultfd, shadow stack, locked, device memory
_FORBIDDEN_FLAGS = {"um": "userfaultfd", "uw": "userfaultfd", "ss": "a shadow stack", "io": "a device"}


class Circumstances(NamedTuple):
    """What a process has besides memory and registers.

    Attributes:
        number: its pid in its own pid namespace.
        signals: those that are ignored or have a handler, one bit each.
        limits: (soft, hard) by number of the resource.
    """

    number: int
    low_descriptors: list[int]
    name: str
    directory: str
    umask: int
    signals: int
    limits: tuple[tuple[int, int], ...]
    files: tuple[OpenFile, ...]


def examine(pid: int, places: Places) -> Circumstances:
    """Look at a stopped template from outside.

    Raises:
        Refused: with every reason that was found.
        ImageError: it is gone.
    """
    status = fields(pid)
    files, reasons = recorded(pid, places)
    directory = os.readlink(f"/proc/{pid}/cwd")
    reasons = [*_threads(pid), *_children(pid), *reasons, *_timers(pid), *_memory(status)]
    if directory.endswith(_DELETED) or not (directory == "/" or places.hold(directory)):
        reasons.append(f"its working directory will not be there again ({directory})")
    if reasons:
        raise Refused(*reasons)
    return Circumstances(
        own_number(status),
        low_descriptors(pid),
        _name(f"/proc/{pid}"),
        directory,
        int(status["Umask"], 8),
        caught(status),
        limits(pid),
        tuple(files),
    )


def examine_mappings(mappings: list[Mapping], blank: Layout, places: Places) -> None:
    """Look at what a template has mapped.

    Raises:
        Refused: with every reason that was found.
    """
    reasons = [reason for one in mappings if (reason := _hindrance(one, blank, places)) is not None]
    ours = {one.identity for one in mappings if one.path in KERNELS}
    if ours != {one.identity for one in blank.mappings if one.path in KERNELS}:
        reasons.append("the kernel's own pages lie elsewhere than in blanks")
    ends = [one.end for one in (*mappings, *blank.mappings) if one.path == STACK]
    if len(ends) != 2 or ends[0] != ends[1]:
        reasons.append("its stack lies elsewhere than that of blanks")
    if reasons:
        raise Refused(*reasons)


def fields(pid: int) -> dict[str, str]:
    """``/proc/pid/status``."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError as error:
        raise ImageError(f"process {pid}: {error.strerror}") from error
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def caught(status: dict[str, str]) -> int:
    """Signals that do not have their default action, one bit each."""
    return int(status["SigIgn"], 16) | int(status["SigCgt"], 16)


def own_number(status: dict[str, str]) -> int:
    """The pid that the process itself sees."""
    return int(status["NSpid"].split()[-1])


def limits(pid: int) -> tuple[tuple[int, int], ...]:
    """(soft, hard) of every resource."""
    return tuple(resource.prlimit(pid, number) for number in range(_LIMITS))


def low_descriptors(pid: int) -> list[int]:
    """Open descriptors up to the channel's."""
    return [number for number in numbers(pid) if number <= CHANNEL_FD]


def _threads(pid: int) -> list[str]:
    others = [name for name in os.listdir(f"/proc/{pid}/task") if int(name) != pid]
    if not others:
        return []
    return [f"{len(others)} other threads: {_names([f'/proc/{pid}/task/{one}' for one in others])}"]


def _children(pid: int) -> list[str]:
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        children = file.read().split()
    if not children:
        return []
    return [f"{len(children)} child processes: {_names([f'/proc/{one}' for one in children])}"]


def _names(places: list[str]) -> str:
    more = ", …" if len(places) > _MOST_NAMED else ""
    return ", ".join(_name(place) for place in places[:_MOST_NAMED]) + more


def _name(place: str) -> str:
    try:
        with open(f"{place}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().rstrip("\n")
    except OSError:
        return "ended meanwhile"


def _timers(pid: int) -> list[str]:
    try:
        with open(f"/proc/{pid}/timers", encoding="ascii") as file:
            armed = sum(line.startswith("ID:") for line in file)
    except OSError:
        return ["this kernel does not tell the timers of a process (CONFIG_CHECKPOINT_RESTORE)"]
    return [f"{armed} timers of timer_create"] if armed else []


def _memory(status: dict[str, str]) -> list[str]:
    reasons = []
    if status.get("VmLck", "0 kB") != "0 kB":
        reasons.append(f"locked memory ({status['VmLck']})")
    if status.get("x86_Thread_features"):
        reasons.append(f"a shadow stack ({status['x86_Thread_features']})")
    return reasons


def _hindrance(one: Mapping, blank: Layout, places: Places) -> str | None:
    where = f"{one.path or 'memory'} at {one.start:x}"
    for flag, what in _FORBIDDEN_FLAGS.items():
        if flag in one.flags and one.path not in KERNELS:
            return f"{where} is mapped with {what}"
    if "gd" in one.flags and one.path != STACK:
        return f"{where} is a second growing stack"
    if one.shared and ("w" in one.perms or not one.of_file):
        return f"{where} is shared and writable"
    if not one.of_file or one.identity in blank.constants:
        return None
    if one.path.endswith(_DELETED) or "\\" in one.path:
        return f"{where} was deleted or cannot be named"
    # What blanks have mapped, if changed since, comes from their own interpreter's files.
    known = any(one.inode == other.inode and one.path == other.path for other in blank.mappings)
    return None if known or places.hold(one.path) else f"{where} maps a file that will not be there again"
