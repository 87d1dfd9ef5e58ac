"""A zip file to a tree on disk, streamed and counted; runs in the code store's own thread.

The headers of a zip file are claims. `entries` judges them, and while writing the real bytes are
counted again, so that a file that lies about its size is stopped at the limit and not later.
"""

from __future__ import annotations

import errno
import io
import os
import zipfile
import zlib
from pathlib import Path

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.limits import MAX_ARCHIVE_ENTRIES, MAX_ARCHIVE_PATH_BYTES, MAX_UNZIPPED_BYTES, MIB
from lambdad.storage.files.entries import TOO_BIG, Entry, Kind, judge, parents, unreadable

_CENTRAL_HEADER = b"PK\x01\x02"
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
# A component over 255 bytes, or names that a case-folding file system holds for one.
_UNUSABLE_NAME = frozenset({errno.ENAMETOOLONG, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.EILSEQ})
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY_MODE = 0o755
_READABLE = 0o644
_EXECUTABLE = 0o755


def unpack(archive: bytes, root: Path) -> int:
    """Unpack `archive` below the existing empty directory `root`; the bytes of all files together.

    Raises:
        InvalidParameter: in AWS's words, see `ports.code_store.CodeStore.put`.
    """
    # Counted before zipfile builds an object per header, which would cost half a gigabyte.
    if archive.count(_CENTRAL_HEADER) > MAX_ARCHIVE_ENTRIES:
        raise unreadable(f"more than {MAX_ARCHIVE_ENTRIES} entries")
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            return _write(opened, judge(opened.infolist()), root)
    except _BROKEN as error:
        raise unreadable(str(error)) from error
    except OSError as error:
        if error.errno in _UNUSABLE_NAME:
            raise unreadable(str(error)) from error
        raise  # a full or broken disk is ours


def _write(opened: zipfile.ZipFile, entries: list[Entry], root: Path) -> int:
    for directory in sorted({path for entry in entries for path in _directories(entry)}):
        _make_directory(root / directory)
    written = 0
    for entry in entries:
        if entry.kind is Kind.FILE:
            written += _write_file(opened, entry, root, allowance=MAX_UNZIPPED_BYTES - written)
    # Links come last, when nothing can be written through them any more.
    links = [entry for entry in entries if entry.kind is Kind.SYMLINK]
    for entry in links:
        (root / entry.path).symlink_to(_target(opened, entry))
    for entry in links:
        _check_inside(root, root / entry.path)
    return written


def _directories(entry: Entry) -> list[str]:
    own = [entry.path] if entry.kind is Kind.DIRECTORY else []
    return [*parents(entry.path), *own]


def _make_directory(path: Path) -> None:
    path.mkdir()
    path.chmod(_DIRECTORY_MODE)


def _write_file(opened: zipfile.ZipFile, entry: Entry, root: Path, *, allowance: int) -> int:
    written = 0
    descriptor = os.open(root / entry.path, _NEW_FILE, _READABLE)
    with os.fdopen(descriptor, "wb") as file, opened.open(entry.info) as source:
        while chunk := source.read(MIB):
            written += len(chunk)
            if written > allowance:
                raise InvalidParameter(TOO_BIG)
            file.write(chunk)
        os.fchmod(file.fileno(), _EXECUTABLE if entry.executable else _READABLE)
    return written


def _target(opened: zipfile.ZipFile, entry: Entry) -> str:
    with opened.open(entry.info) as source:
        raw = source.read(MAX_ARCHIVE_PATH_BYTES + 1)
    if not raw or len(raw) > MAX_ARCHIVE_PATH_BYTES or raw.startswith(b"/") or b"\0" in raw:
        raise unreadable(f"symlink {entry.path!r} is empty, absolute or too long")
    return os.fsdecode(raw)


def _check_inside(root: Path, link: Path) -> None:
    """Follow a link as the kernel would, through other links too."""
    real_root = os.path.realpath(root)
    followed = os.path.realpath(link)
    if followed != real_root and not followed.startswith(real_root + os.sep):
        raise unreadable(f"symlink {str(link.relative_to(root))!r} points out of the tree")
