"""Write an initialised, waiting process into a memfd. It goes on afterwards as if nothing had happened."""

# os.path on purpose: pathlib would add to the start of a process that must be small.
# ruff: noqa: PTH116

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

from lambdad.worker.sandbox.launcher.image import eligibility, header, steps
from lambdad.worker.sandbox.launcher.image import mappings as reading
from lambdad.worker.sandbox.launcher.image.area import AREA_BYTES, close_area, open_area, run_table
from lambdad.worker.sandbox.launcher.image.descriptors import OpenFile, Places
from lambdad.worker.sandbox.launcher.image.mappings import PAGE, Layout, Mapping
from lambdad.worker.sandbox.launcher.image.refusal import ImageError, Refused
from lambdad.worker.sandbox.launcher.image.storing import TAIL_BYTES, Store, Stored
from lambdad.worker.sandbox.launcher.image.tracing import (
    CHANNEL_FD,
    R14,
    RSP,
    Tracee,
    require_architecture,
)

_ACTION = struct.Struct("=4Q")  # handler, flags, restorer, mask
_TIMER = struct.Struct("=4Q")
_ALTERNATE = struct.Struct("=QiiQ")  # address, flags, size
_SS_ONSTACK = 1
_TIMERS = 3
_PR_SET_NAME = 15
_LOWEST_ADDRESS = 1 << 20
_HIGHEST_ADDRESS = 1 << 47


class Image(NamedTuple):
    """An image; whoever has it closes it.

    Attributes:
        descriptor: a memfd that nobody can change.
        size_bytes: memory it takes.
    """

    descriptor: int
    size_bytes: int


class _Answers(NamedTuple):
    """What only the process itself can ask the kernel."""

    brk: int
    alternate_stack: bytes
    actions: dict[int, bytes]


def dump(pid: int, blank: Layout, places: Places | None = None, *, within_s: float = 1.0) -> Image:
    """Make an image of a process that waits on its channel.

    Args:
        pid: the template. We need to be allowed to trace it, and it must not be frozen.
        blank: what blanks of its fork server have mapped.
        places: where files are that a blank will find as well.
        within_s: how long it may take to come to wait.

    Raises:
        Refused: it has something that cannot be copied, or does not wait.
        ImageError: the host failed; the template is as it was, or gone.
    """
    require_architecture()
    places = places or Places()
    tracee = Tracee(pid)
    tracee.seize()
    with _stopped(tracee, within_s) as registers:
        circumstances = eligibility.examine(pid, places)
        found = reading.read(pid)
        eligibility.examine_mappings(found, blank, places)
        base = _free_range(found, blank)
        answers = _ask(tracee, base, circumstances.signals)
        descriptor = os.memfd_create("lambdad-image", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            program = steps.Program(base)
            program.add(steps.BRK, answers.brk, flags=steps.IS_FIRST)
            stored = Store(pid, descriptor, program).store(found, blank, registers[RSP])
            _set_circumstances(program, circumstances, answers)
            about = _header(tracee, circumstances, stored, program, registers, found)
            return _finish(descriptor, stored, about)
        except BaseException:
            os.close(descriptor)
            raise


@contextlib.contextmanager
def _stopped(tracee: Tracee, within_s: float) -> Iterator[list[int]]:
    try:
        registers = tracee.stop_waiting(within_s)
        try:
            yield registers
        finally:
            tracee.wait_again(registers)
    finally:
        with contextlib.suppress(ImageError):  # it is gone
            tracee.detach()


def _free_range(found: list[Mapping], blank: Layout) -> int:
    """Where nobody has anything: the middle of the largest gap."""
    taken = sorted((one.start, one.end) for one in (*found, *blank.mappings) if one.end < _HIGHEST_ADDRESS)
    best, size, at = 0, 0, _LOWEST_ADDRESS
    for start, end in taken:
        if start - at > size:
            best, size = at, start - at
        at = max(at, end)
    if size < 2 * AREA_BYTES:
        raise Refused("no address range is free")
    return (best + size // 2) // PAGE * PAGE


def _ask(tracee: Tracee, base: int, signals: int) -> _Answers:
    """Let the template ask for what no other process can see.

    Raises:
        Refused: an interval timer runs, or it is on its alternate stack.
    """
    program = steps.Program(base)
    numbers = [number for number in range(1, 65) if signals >> (number - 1) & 1]
    slots = program.data(bytes(_ACTION.size * len(numbers)))
    alternate = program.data(bytes(_ALTERNATE.size))
    timers = program.data(bytes(_TIMER.size * _TIMERS))
    for at, number in enumerate(numbers):
        program.add(steps.RT_SIGACTION, number, 0, slots + at * _ACTION.size, 8)
    program.add(steps.SIGALTSTACK, 0, alternate)
    for kind in range(_TIMERS):
        program.add(steps.GETITIMER, kind, timers + kind * _TIMER.size)
    program.add(steps.BRK, 0, flags=steps.KEEP)
    open_area(tracee, base)
    registers = run_table(tracee, base, program.head(), steps.table(bytes(program.steps)), -1)
    actions = {
        number: tracee.read(slots + at * _ACTION.size, _ACTION.size) for at, number in enumerate(numbers)
    }
    alternate_stack = tracee.read(alternate, _ALTERNATE.size)
    running = tracee.read(timers, _TIMER.size * _TIMERS)
    close_area(tracee, base)
    if any(any(timer[2:]) for timer in _TIMER.iter_unpack(running)):
        raise Refused("an interval timer (setitimer, alarm)")
    if _ALTERNATE.unpack(alternate_stack)[1] & _SS_ONSTACK:
        raise Refused("it runs on a signal handler's stack")
    return _Answers(registers[R14], alternate_stack, actions)


def _set_circumstances(program: steps.Program, about: eligibility.Circumstances, answers: _Answers) -> None:
    for number, action in answers.actions.items():
        program.add(steps.RT_SIGACTION, number, program.data(action), 0, 8)
    program.add(steps.SIGALTSTACK, program.data(answers.alternate_stack), 0)
    program.add(steps.PRCTL, _PR_SET_NAME, program.text(about.name))
    program.add(steps.UMASK, about.umask)
    program.add(steps.CHDIR, program.text(about.directory))
    # Last of all, when no other descriptor is open any more: each file then gets the lowest free number.
    program.add(steps.CLOSE, 0, flags=steps.FIRST_IS_IMAGE)
    for file in about.files:
        _open_again(program, file, {one.number for one in about.files if one.number < file.number})


def _open_again(program: steps.Program, file: OpenFile, opened: set[int]) -> None:
    taken = opened | set(range(CHANNEL_FD + 1))
    gets = next(number for number in range(len(taken) + 1) if number not in taken)
    program.add(steps.OPEN, program.text(file.path), file.flags, 0, flags=steps.KEEP)
    if gets != file.number:
        program.add(steps.DUP3, 0, file.number, file.flags & os.O_CLOEXEC, flags=steps.FIRST_IS_KEPT)
        program.add(steps.CLOSE, 0, flags=steps.FIRST_IS_KEPT)
    if file.offset:
        program.add(steps.LSEEK, file.number, file.offset, os.SEEK_SET)


def _covered(found: list[Mapping]) -> list[list[int]]:
    ranges: list[list[int]] = []
    for one in found:
        if ranges and ranges[-1][1] == one.start:
            ranges[-1][1] = one.end
        else:
            ranges.append([one.start, one.end])
    return ranges


def _header(
    tracee: Tracee,
    about: eligibility.Circumstances,
    stored: Stored,
    program: steps.Program,
    registers: list[int],
    found: list[Mapping],
) -> header.Header:
    files = [os.stat(f"/proc/{tracee.pid}/root{path}") for path in stored.files]
    return header.Header(
        number=about.number,
        low_descriptors=about.low_descriptors,
        stack_end=next(one.end for one in found if one.path == eligibility.STACK),
        kept=stored.kept,
        covered=_covered(found),
        base=program.base,
        head=program.head().hex(),
        steps=bytes(program.steps).hex(),
        slots=stored.slots,
        files=[
            [one.st_dev, one.st_ino, one.st_size, *divmod(one.st_mtime_ns, 1_000_000_000)] for one in files
        ],
        registers=registers,
        extended=tracee.extended().hex(),
        blocked_signals=tracee.signal_mask(),
        signals=about.signals,
        limits=[list(one) for one in about.limits],
    )


def _finish(descriptor: int, stored: Stored, about: header.Header) -> Image:
    if len(about.head) // 2 + len(about.steps) // 2 > AREA_BYTES // 2:
        raise Refused("too many steps")
    end = header.write(descriptor, stored.end, about)
    os.ftruncate(descriptor, -(-end // PAGE) * PAGE + TAIL_BYTES)
    seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    return Image(descriptor, taken_bytes(descriptor))


def taken_bytes(descriptor: int) -> int:
    """Memory an image takes. It grows when a restored process uses what lies behind the image's own pages."""
    return os.fstat(descriptor).st_blocks * 512
