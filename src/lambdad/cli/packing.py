"""A directory or a file as a deployment archive: the same contents always give the same bytes.

Order, times and permissions are fixed, so that `CodeSha256` changes only when the code does.
"""

from __future__ import annotations

import io
import os
import shutil
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

from lambdad.cli.errors import CommandError

LEFT_OUT = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".venv",
        "venv",
        "__pycache__",
        ".pytest_cache",
        ".mypy_cache",
        ".DS_Store",
        ".idea",
    }
)
"""Names that never belong to a function; `node_modules` stays, it may hold what package.json asks for."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip file can hold."""
FILE_MODE = 0o644
PROGRAM_MODE = 0o755


def stage(source: Path, into: Path) -> None:
    """Copy what is to be deployed into the empty directory `into`; symbolic links stay links.

    Raises:
        CommandError: there is nothing to deploy, or a link leads out of the tree.
    """
    if source.is_file():
        shutil.copy2(source, into / source.name)
        return
    if not source.is_dir():
        raise CommandError(f"{source}: no such file or directory")
    root = source.resolve()
    for path in _walk(root):
        target = into / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            if not path.resolve().is_relative_to(root):
                raise CommandError(f"{path} leads out of {source}; AWS Lambda refuses such an archive")
            target.symlink_to(path.readlink() if not path.readlink().is_absolute() else _relative(path))
        else:
            shutil.copy2(path, target)
    if not any(into.iterdir()):
        raise CommandError(f"{source} holds nothing to deploy")


def pack(directory: Path) -> bytes:
    """The zip archive of a directory, byte for byte the same for the same contents."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in sorted(_walk(directory), key=lambda one: one.relative_to(directory).as_posix()):
            entry = zipfile.ZipInfo(path.relative_to(directory).as_posix(), EPOCH)
            entry.create_system = 3  # Unix, so that the permissions count
            entry.compress_type = zipfile.ZIP_DEFLATED
            if path.is_symlink():
                entry.external_attr = (stat.S_IFLNK | 0o777) << 16
                archive.writestr(entry, str(path.readlink()))
                continue
            program = path.stat().st_mode & stat.S_IXUSR
            entry.external_attr = (stat.S_IFREG | (PROGRAM_MODE if program else FILE_MODE)) << 16
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def _walk(root: Path) -> Iterator[Path]:
    """Files and links below `root`, without what never belongs to a function."""
    for where, directories, files in os.walk(root):
        here = Path(where)
        linked = [name for name in directories if (here / name).is_symlink()]
        directories[:] = sorted(name for name in directories if name not in LEFT_OUT and name not in linked)
        for name in sorted([*files, *linked]):
            if name not in LEFT_OUT and not name.endswith(".pyc"):
                yield here / name


def _relative(link: Path) -> Path:
    return Path(os.path.relpath(link.resolve(), link.parent))
