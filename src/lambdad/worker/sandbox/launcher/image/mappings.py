"""An address space: mappings with their flags, and which pages of one are its own.

Sources: proc_pid_smaps(5), proc_pid_pagemap(5).
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from lambdad.worker.sandbox.launcher.image.refusal import ImageError, Refused

PAGE = 4096
MOST_MAPPINGS = 20_000
_MOST_SMAPS_BYTES = MOST_MAPPINGS * 1600
_MOST_LOOKED_AT_BYTES = 64 << 30
"""A mapping with pages of its own is looked at page by page: 8 bytes of pagemap for each."""
_MOST_RELOCATED_BYTES = 64 << 20
_PAGEMAP_CHUNK_PAGES = 1 << 18
KERNELS = frozenset({"[vdso]", "[vvar]", "[vvar_vclock]", "[vsyscall]"})

_ENTRY = re.compile(
    rb"^(([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) (\S+) (\d+)) *([^\n]*)\n"
    rb"(?:[A-Z][^\n]*\n)*?Anonymous: +(\d+) kB\n(?:[A-Z][^\n]*\n)*?Swap: +(\d+) kB\n"
    rb"(?:[A-Z][^\n]*\n)*?VmFlags:([^\n]*)\n",
    re.MULTILINE,
)
# Of the top byte of a pagemap entry: present or swapped, not a page of a file, not a guard.
_OWN = bytes(ord("o") if byte & 0xC0 and not byte & 0x24 else ord(".") for byte in range(256))
_OWN_RUN = re.compile(rb"o+")


class Mapping(NamedTuple):
    """One mapping.

    Attributes:
        identity: range, protection, offset and file as the kernel writes them; equal means the same
            part of the same file at the same place.
        path: what is mapped, ``[…]`` for the kernel's names, empty for anonymous memory.
        own_bytes: how much of it is not a page of a file.
    """

    identity: str
    start: int
    end: int
    perms: str
    offset: int
    inode: int
    path: str
    own_bytes: int
    flags: frozenset[str]

    @property
    def protection(self) -> int:
        """PROT_READ, PROT_WRITE and PROT_EXEC."""
        return sum(bit for bit, letter in ((1, "r"), (2, "w"), (4, "x")) if letter in self.perms)

    @property
    def shared(self) -> bool:
        """Whether what is written would be seen elsewhere."""
        return self.perms[3] == "s"

    @property
    def of_file(self) -> bool:
        """Whether a file is mapped."""
        return self.inode != 0 or self.path.startswith("/")


class Run(NamedTuple):
    """Pages from `start` up to `end`."""

    start: int
    end: int


class Layout(NamedTuple):
    """What a blank of a fork server has mapped.

    Attributes:
        mappings: all of them.
        constants: read-only mappings of files by identity, with what `own_content` says of each.
    """

    mappings: tuple[Mapping, ...]
    constants: dict[str, bytes]


def layout(pid: int) -> Layout:
    """Look at a waiting blank, or at the fork server itself.

    Raises:
        ImageError: it is gone or may not be looked at.
    """
    found = read(pid)
    constants = {one.identity: own_content(pid, one) for one in found if is_constant(one)}
    return Layout(tuple(found), constants)


def is_constant(mapping: Mapping) -> bool:
    """Whether a blank could have the very same in this place."""
    return mapping.of_file and "w" not in mapping.perms and not mapping.shared


def read(pid: int) -> list[Mapping]:
    """All mappings, by address.

    Raises:
        ImageError: the process is gone.
        Refused: too many, or a kernel that does not tell their flags.
    """
    try:
        with open(f"/proc/{pid}/smaps", "rb") as file:
            text = file.read(_MOST_SMAPS_BYTES)
    except OSError as error:
        raise ImageError(f"mappings of process {pid}: {error.strerror}") from error
    found = [_mapping(match) for match in _ENTRY.finditer(text)]
    if len(found) > MOST_MAPPINGS or len(text) == _MOST_SMAPS_BYTES:
        raise Refused(f"more than {MOST_MAPPINGS} mappings")
    if not found:
        raise Refused("this kernel does not tell the flags of mappings (CONFIG_PROC_PAGE_MONITOR)")
    return found


def own_runs(pid: int, mapping: Mapping, merge_pages: int) -> list[Run]:
    """Where a mapping has pages of its own; runs closer to each other than `merge_pages` are one.

    Raises:
        Refused: the mapping is too large to be looked at.
    """
    if not mapping.own_bytes:
        return []
    if mapping.end - mapping.start > _MOST_LOOKED_AT_BYTES:
        raise Refused(
            f"a mapping of {(mapping.end - mapping.start) >> 30} GiB at {mapping.start:x} is in use"
        )
    runs: list[Run] = []
    for start, end in _own(pid, mapping.start // PAGE, mapping.end // PAGE):
        if runs and start * PAGE - runs[-1].end <= merge_pages * PAGE:
            runs[-1] = Run(runs[-1].start, end * PAGE)
        else:
            runs.append(Run(start * PAGE, end * PAGE))
    return runs


def _own(pid: int, first: int, last: int) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    descriptor = os.open(f"/proc/{pid}/pagemap", os.O_RDONLY | os.O_CLOEXEC)
    try:
        for at in range(first, last, _PAGEMAP_CHUNK_PAGES):
            entries = os.pread(descriptor, min(_PAGEMAP_CHUNK_PAGES, last - at) * 8, at * 8)
            marks = entries[7::8].translate(_OWN)
            runs += [(at + match.start(), at + match.end()) for match in _OWN_RUN.finditer(marks)]
    finally:
        os.close(descriptor)
    return runs


def own_content(pid: int, mapping: Mapping) -> bytes:
    """What a read-only mapping of a file has that is not in the file (relocations), and where.

    Raises:
        Refused: too much for that.
    """
    if mapping.own_bytes > _MOST_RELOCATED_BYTES:
        raise Refused(f"{mapping.own_bytes} changed bytes in the read-only {mapping.path}")
    runs = own_runs(pid, mapping, 0)
    if not runs:
        return b""
    memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = [b"%x-%x:" % run + os.pread(memory, run.end - run.start, run.start) for run in runs]
    finally:
        os.close(memory)
    return b"".join(parts)


def _mapping(match: re.Match[bytes]) -> Mapping:
    identity, start, end, perms, offset, _, inode, path, own, swapped, flags = match.groups()
    return Mapping(
        identity.decode(),
        int(start, 16),
        int(end, 16),
        perms.decode(),
        int(offset, 16),
        int(inode),
        path.decode("utf-8", "surrogateescape"),
        (int(own) + int(swapped)) * 1024,
        frozenset(flags.decode().split()),
    )
