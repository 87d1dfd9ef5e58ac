"""The key that secrets are sealed with, in a file of its own, which no backup takes along."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from lambdad.storage.refusal import StorageRefused

KEY_FILE = "secret.key"
TOKEN_FILE = "s3-events.token"  # noqa: S105 - the name of a file
"""What S3 servers that are elsewhere know of this one; also in no backup."""
_KEY_BYTES = 32
_MOST_BYTES = 4_096


def read_key(path: Path) -> bytes | None:
    """The key in a file; None when there is no such file.

    Raises:
        StorageRefused: others may read it, or it holds no key.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageRefused(f"{path} cannot be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
            raise StorageRefused(f"{path} can be read by others; chmod 600 {path}")
        key = file.read(_MOST_BYTES).strip()
    if len(key) < _KEY_BYTES:
        raise StorageRefused(f"{path} holds no key")
    return key


def write_key(path: Path) -> bytes:
    """Make a key and keep it in a new file, mode 0600.

    Raises:
        StorageRefused: the file is there already, or cannot be written.
    """
    key = os.urandom(_KEY_BYTES).hex().encode()
    new = path.with_name(f"{path.name}.new")
    try:
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(new, path)  # unlike a rename, this never replaces a key
        new.unlink()
    except OSError as error:
        raise StorageRefused(f"{path} cannot be written: {error.strerror}") from error
    return key
