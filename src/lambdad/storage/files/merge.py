"""The trees of several layers as one: hard links to the files of the unpacked archives.

Later trees lie over earlier ones, as AWS unpacks layers one after another into ``/opt``: what has the same
place in both is what the later one has there, and only directories are merged. Links of a tree are made
anew and never followed.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

_DIRECTORY_MODE = 0o755
# Too many links to one file, or a file system that has none.
_NO_LINK = frozenset({errno.EMLINK, errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS})


def merge(trees: Sequence[Path], root: Path) -> None:
    """Put `trees`, in order, into the existing empty directory `root`.

    Raises:
        OSError: a tree is missing, or the disk is full or broken.
    """
    root.chmod(_DIRECTORY_MODE)
    for tree in trees:
        _lay_over(tree, root)


def _lay_over(tree: Path, root: Path) -> None:
    pairs = [(tree, root)]
    while pairs:
        source, target = pairs.pop()
        with os.scandir(source) as entries:
            for entry in entries:
                place = target / entry.name
                if entry.is_dir(follow_symlinks=False):
                    _make_directory(place)
                    pairs.append((source / entry.name, place))
                else:
                    _clear(place)
                    _put(entry, place)


def _make_directory(place: Path) -> None:
    if place.is_symlink() or not place.is_dir():
        _clear(place)
        place.mkdir()
        place.chmod(_DIRECTORY_MODE)


def _clear(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def _put(entry: os.DirEntry[str], place: Path) -> None:
    if entry.is_symlink():
        place.symlink_to(Path(entry.path).readlink())
        return
    try:
        os.link(entry.path, place)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        shutil.copy2(entry.path, place)
