"""From the mappings of a template to an image: what is written, and the steps that bring it back."""

from __future__ import annotations

import os
from typing import NamedTuple

from lambdad.worker.sandbox.launcher.image import mappings as reading
from lambdad.worker.sandbox.launcher.image import steps
from lambdad.worker.sandbox.launcher.image.eligibility import STACK
from lambdad.worker.sandbox.launcher.image.header import FIRST_DATA
from lambdad.worker.sandbox.launcher.image.mappings import KERNELS, PAGE, Layout, Mapping, Run
from lambdad.worker.sandbox.launcher.image.refusal import ImageError, Refused

MOST_IMAGE_BYTES = 10_240 << 20
"""The largest memory a function can have. Source: Lambda quotas, "Function memory allocation"."""
TAIL_BYTES = MOST_IMAGE_BYTES
"""A hole at the end: a mapping of the image may be grown with mremap, by no more than a function may use."""
_MERGED_ANONYMOUS_PAGES, _MERGED_FILE_PAGES = 64, 16
_WHOLE_FILE_BYTES = 1 << 20
_RED_ZONE_BYTES = 128
_COPY_BYTES = 1 << 20
_ZERO = bytes(PAGE)

_MAP_SHARED, _MAP_PRIVATE, _MAP_FIXED, _MAP_ANONYMOUS, _MAP_NORESERVE = 1, 2, 0x10, 0x20, 0x4000
_MAP_DROPPABLE = 8
_MADV_WIPEONFORK = 18
_PROT_READ_WRITE = 3
_STAT_BYTES = 144


class Stored(NamedTuple):
    """What `store` wrote.

    Attributes:
        end: of the data, as an offset in the image.
        kept: identities of the mappings that blanks have already.
        files: paths of mapped files, in the order of their slots.
        slots: address where the file's identities will be found.
    """

    end: int
    kept: list[str]
    files: list[str]
    slots: int


class _Part(NamedTuple):
    """A stretch of a mapping of a file that is mapped from the file."""

    mapping: Mapping
    run: Run


class Store:
    """Writes one image.

    Args:
        pid: the stopped template.
        image_fd: an empty memfd.
        program: gets the steps.
    """

    def __init__(self, pid: int, image_fd: int, program: steps.Program) -> None:
        self._pid = pid
        self._image = image_fd
        self._program = program
        self._end = FIRST_DATA
        self._parts: dict[str, list[_Part]] = {}

    def store(self, found: list[Mapping], blank: Layout, stack_pointer: int) -> Stored:
        """Write everything a blank does not have.

        Raises:
            Refused: it is too large, or cannot be read.
        """
        if sum(one.own_bytes for one in found) > MOST_IMAGE_BYTES:
            raise Refused(f"more than {MOST_IMAGE_BYTES >> 20} MB of memory")
        kept = []
        memory = os.open(f"/proc/{self._pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
        try:
            for one in found:
                if one.path in KERNELS or self._is_kept(one, blank):
                    kept.append(one.identity)
                elif one.path == STACK:
                    self._store_stack(memory, one, stack_pointer)
                else:
                    self._store_mapping(memory, one)
        finally:
            os.close(memory)
        slots = self._map_files()
        return Stored(self._end, kept, list(self._parts), slots)

    def _is_kept(self, one: Mapping, blank: Layout) -> bool:
        if not reading.is_constant(one) or one.identity not in blank.constants:
            return False
        return blank.constants[one.identity] == reading.own_content(self._pid, one)

    def _store_stack(self, memory: int, one: Mapping, stack_pointer: int) -> None:
        """The stack stays a stack that grows, so it is filled, not mapped."""
        lowest = (stack_pointer - _RED_ZONE_BYTES) // PAGE * PAGE
        start = lowest if one.start <= lowest < one.end else one.start
        offset = self._write(memory, Run(start, one.end))
        size = one.end - start
        flags = steps.FIRST_IS_IMAGE | steps.IS_THIRD
        self._program.add(steps.PREAD, 0, start, size, offset, flags=flags)

    def _store_mapping(self, memory: int, one: Mapping) -> None:
        if "dp" in one.flags or "wf" in one.flags:
            self._forget(one)
            return
        at = one.start
        for run in self._runs(one):
            self._fill(one, Run(at, run.start))
            offset = self._write(memory, run)
            flags = steps.MAPS_IMAGE | steps.IS_FIRST
            self._map(one, run, _MAP_PRIVATE, 0, offset, flags)
            at = run.end
        self._fill(one, Run(at, one.end))

    def _runs(self, one: Mapping) -> list[Run]:
        if not one.of_file:
            return reading.own_runs(self._pid, one, _MERGED_ANONYMOUS_PAGES)
        runs = reading.own_runs(self._pid, one, _MERGED_FILE_PAGES)
        # One mapping is cheaper than several, and it can be grown and cut like the original.
        return [Run(one.start, one.end)] if runs and one.end - one.start <= _WHOLE_FILE_BYTES else runs

    def _forget(self, one: Mapping) -> None:
        """What its owner wants wiped in a forked child (state of random generators) is not copied."""
        kind = _MAP_DROPPABLE if "dp" in one.flags else _MAP_PRIVATE
        size = one.end - one.start
        self._map(one, Run(one.start, one.end), kind | _MAP_ANONYMOUS, -1, 0, steps.IS_FIRST)
        if "dp" not in one.flags:
            self._program.add(steps.MADVISE, one.start, size, _MADV_WIPEONFORK)

    def _fill(self, one: Mapping, run: Run) -> None:
        if run.start == run.end:
            return
        if one.of_file:
            self._parts.setdefault(one.path, []).append(_Part(one, run))
            return
        reserve = _MAP_NORESERVE if "nr" in one.flags or not one.protection else 0
        self._map(one, run, _MAP_PRIVATE | _MAP_ANONYMOUS | reserve, -1, 0, steps.IS_FIRST)

    def _map_files(self) -> int:
        """Open each file once, map all of it that is needed, and let the kernel say which file it was."""
        slots = self._program.data(bytes(_STAT_BYTES * len(self._parts)))
        for number, (path, parts) in enumerate(self._parts.items()):
            name = self._program.text(path)
            self._program.add(steps.OPEN, name, os.O_RDONLY | os.O_CLOEXEC, 0, flags=steps.KEEP)
            self._program.add(steps.FSTAT, 0, slots + number * _STAT_BYTES, flags=steps.FIRST_IS_KEPT)
            for one, run in parts:
                kind = _MAP_SHARED if one.shared else _MAP_PRIVATE
                offset = one.offset + run.start - one.start
                self._map(one, run, kind, 0, offset, steps.MAPS_KEPT | steps.IS_FIRST)
            self._program.add(steps.CLOSE, 0, flags=steps.FIRST_IS_KEPT)
        return slots

    def _map(self, one: Mapping, run: Run, kind: int, descriptor: int, offset: int, flags: int) -> None:
        size = run.end - run.start
        arguments = (run.start, size, one.protection, kind | _MAP_FIXED, descriptor, offset)
        self._program.add(steps.MMAP, *arguments, flags=flags)

    def _write(self, memory: int, run: Run) -> int:
        """Copy pages into the image, those that are all zero as holes; returns where."""
        offset = self._end
        self._end += run.end - run.start
        for start in range(run.start, run.end, _COPY_BYTES):
            size = min(_COPY_BYTES, run.end - start)
            try:
                content = os.pread(memory, size, start)
            except OSError as error:
                raise Refused(f"memory at {start:x} cannot be read: {error.strerror}") from error
            if len(content) != size:
                raise Refused(f"memory at {start + len(content):x} cannot be read")
            self._write_pages(content, offset + start - run.start)
        return offset

    def _write_pages(self, content: bytes, offset: int) -> None:
        first = None
        for at in range(0, len(content) + PAGE, PAGE):
            if at < len(content) and not content.startswith(_ZERO, at):
                first = at if first is None else first
            elif first is not None:
                part = memoryview(content)[first:at]
                if os.pwrite(self._image, part, offset + first) != len(part):
                    raise ImageError("no room for the image")
                first = None
