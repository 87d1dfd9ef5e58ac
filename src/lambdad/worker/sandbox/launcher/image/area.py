"""The area of the steps in another process: where they are mapped, carried out, and removed again."""

from __future__ import annotations

from lambdad.worker.sandbox.launcher.image import steps
from lambdad.worker.sandbox.launcher.image.refusal import ImageError
from lambdad.worker.sandbox.launcher.image.tracing import R15, RAX, Tracee

AREA_BYTES = 16 << 20
"""Room for the steps: 64 bytes each, and for few of 20,000 mappings more than five."""
_PROT_ALL = 7
_PRIVATE_ANONYMOUS_FIXED_NOREPLACE = 0x10_0022


def open_area(tracee: Tracee, base: int) -> None:
    """Map the area, which must be free.

    Raises:
        ImageError: it is not.
    """
    flags = _PRIVATE_ANONYMOUS_FIXED_NOREPLACE
    if tracee.call(steps.MMAP, base, AREA_BYTES, _PROT_ALL, flags, -1, 0) != base:
        raise ImageError("the address range of the steps is taken")


def close_area(tracee: Tracee, base: int) -> None:
    """Remove the area."""
    tracee.call(steps.MUNMAP, base, AREA_BYTES)


def run_table(tracee: Tracee, base: int, head: bytes, table: bytes, image_fd: int) -> list[int]:
    """Carry out a table in a stopped process whose area is open.

    Returns:
        The registers at its end.

    Raises:
        ImageError: a step failed; which, and why.
    """
    if len(head) + len(table) > AREA_BYTES:
        raise ImageError("too many steps")
    tracee.write(base, head + table)
    first = base + len(head)
    registers = tracee.run(base, first, image_fd)
    done = (registers[R15] - first) // steps.STEP_BYTES
    if done != len(table) // steps.STEP_BYTES - 1:
        raise ImageError(steps.failure(table, done, registers[RAX]))
    return registers
