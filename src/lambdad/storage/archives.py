"""Tar files of a data directory; reading one trusts nothing that it says."""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path, PurePosixPath

from lambdad.storage.refusal import StorageRefused


def pack(directory: Path, archive: Path, *, compressed: bool) -> None:
    """Write the contents of a directory as a tar file of mode 0600, gzipped when `compressed`."""
    descriptor = os.open(archive, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if compressed:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=1) as tar:
                tar.add(directory, arcname=".")
        else:
            with tarfile.open(fileobj=file, mode="w") as tar:
                tar.add(directory, arcname=".")


def unpack(archive: Path, directory: Path) -> None:
    """Unpack a tar file into a new directory.

    Raises:
        StorageRefused: no tar file, or an entry that is no plain file, folder or link within the tree.
    """
    directory.mkdir(mode=0o700)
    modes: list[tuple[Path, int]] = []
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                target = _extract(tar, member, directory)
                if member.isdir() and target != directory:
                    modes.append((target, member.mode & 0o755))
        for folder, mode in reversed(modes):  # last, or nothing could be put into a read-only folder
            folder.chmod(mode)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise StorageRefused(f"{archive}: not a backup that can be read: {error}") from error


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, directory: Path) -> Path:
    inside = _within(PurePosixPath(member.name))
    if inside is None:
        raise tarfile.TarError(f"entry '{member.name}' leads out of the backup")
    target = directory / inside
    if target != directory and target.parent.resolve() != directory.resolve() / inside.parent:
        raise tarfile.TarError(f"entry '{member.name}' goes through a link")
    if member.isdir():
        target.mkdir(mode=0o700, exist_ok=True)
    elif member.issym():
        if _within(inside.parent / member.linkname) is None or member.linkname.startswith("/"):
            raise tarfile.TarError(f"link '{member.name}' leads out of the backup")
        target.symlink_to(member.linkname)
    elif member.isfile():
        _write_file(tar, member, target)
    else:
        raise tarfile.TarError(f"entry '{member.name}' is neither file, folder nor link")
    return target


def _write_file(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    content = tar.extractfile(member)
    if content is None:
        raise tarfile.TarError(f"entry '{member.name}' has no content")
    with content, open(target, "xb") as file:
        shutil.copyfileobj(content, file)
    target.chmod(member.mode & 0o755)


def _within(path: PurePosixPath) -> PurePosixPath | None:
    """The path without `.` and `..`; None when it is absolute or leads above its start."""
    if path.is_absolute():
        return None
    parts: list[str] = []
    for part in path.parts:
        if part != "..":
            parts.append(part)
        elif not parts:
            return None
        else:
            parts.pop()
    return PurePosixPath(*parts)
