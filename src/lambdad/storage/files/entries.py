"""What a zip file would put where: every entry judged before a single byte is written.

Pure: a list of `ZipInfo` in, a list of plain entries out. `unpack` acts on it.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipInfo

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.limits import MAX_ARCHIVE_ENTRIES, MAX_ARCHIVE_PATH_BYTES, MAX_UNZIPPED_BYTES

UNREADABLE = "Could not unzip uploaded file. Please check your file, then try to upload again."
"""AWS's words for any zip file it cannot unpack. Source: test_create_lambda_exceptions, invalid_zip_exc."""

TOO_BIG = f"Unzipped size must be smaller than {MAX_UNZIPPED_BYTES} bytes"
"""AWS's words for a tree that is too big. Source: spec, control-plane behaviour, size checks."""

_ENCRYPTED = 0x1
_UNIX = 3


class Kind(Enum):
    """What an entry becomes."""

    DIRECTORY = auto()
    FILE = auto()
    SYMLINK = auto()


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to make below the root of the tree.

    Attributes:
        path: relative, without empty parts, ``.`` and ``..``.
        executable: whether a file gets mode 0755 instead of 0644.
    """

    info: ZipInfo
    path: str
    kind: Kind
    executable: bool = False


def unreadable(reason: str) -> InvalidParameter:
    """AWS's sentence for the caller; the reason goes into the log."""
    error = InvalidParameter(UNREADABLE)
    error.add_note(reason)
    return error


def judge(infos: Iterable[ZipInfo]) -> list[Entry]:
    """Say what each entry becomes.

    Raises:
        InvalidParameter: an entry that leads out of the tree, is encrypted, a device or named twice,
            stands below a file or symlink, or all of them together are too big or too many.
    """
    entries = [entry for info in infos if (entry := _judge_one(info)) is not None]
    if sum(entry.info.file_size for entry in entries) > MAX_UNZIPPED_BYTES:
        raise InvalidParameter(TOO_BIG)
    _check_places(entries)
    return entries


def _judge_one(info: ZipInfo) -> Entry | None:
    if info.flag_bits & _ENCRYPTED:
        raise unreadable(f"{info.filename!r} is encrypted")
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise unreadable(f"{info.filename!r} uses compression method {info.compress_type}")
    kind = _kind(info)
    path = _path(info.filename)
    if not path:  # "./": the root itself
        return None
    executable = kind is Kind.FILE and bool(_mode(info) & 0o111)
    return Entry(info, path, kind, executable)


def _mode(info: ZipInfo) -> int:
    return info.external_attr >> 16 if info.create_system == _UNIX else 0


def _kind(info: ZipInfo) -> Kind:
    if info.is_dir():
        return Kind.DIRECTORY
    kind = stat.S_IFMT(_mode(info))
    if kind == stat.S_IFLNK:
        return Kind.SYMLINK
    if kind in (0, stat.S_IFREG):
        return Kind.FILE
    raise unreadable(f"{info.filename!r} is neither file, directory nor symlink")


def _path(name: str) -> str:
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise unreadable(f"{name!r} is no valid name") from None
    if not name or name.startswith("/") or size > MAX_ARCHIVE_PATH_BYTES:
        raise unreadable(f"{name[:200]!r} is absolute, empty or too long")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise unreadable(f"{name!r} leads out of the tree")
    return "/".join(parts)


def _check_places(entries: list[Entry]) -> None:
    """No name twice, nothing below what is no directory, not too many of anything."""
    taken: set[str] = set()
    directories: set[str] = set()
    for entry in entries:
        if entry.kind is Kind.DIRECTORY:
            directories.add(entry.path)
        elif entry.path in taken:
            raise unreadable(f"{entry.path!r} occurs twice")
        else:
            taken.add(entry.path)
        _add_parents(entry.path, directories)
        if len(taken) + len(directories) > MAX_ARCHIVE_ENTRIES:
            raise unreadable(f"more than {MAX_ARCHIVE_ENTRIES} entries")
    if clash := taken & directories:
        raise unreadable(f"{min(clash)!r} is a directory and something else")


def _add_parents(path: str, directories: set[str]) -> None:
    for parent in parents(path):
        if parent in directories:
            return
        directories.add(parent)


def parents(path: str) -> Iterator[str]:
    """The directories above a relative path, the nearest first, without the root."""
    cut = path.rfind("/")
    while cut > 0:
        yield path[:cut]
        cut = path.rfind("/", 0, cut)
