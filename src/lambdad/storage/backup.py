"""Backup and restore of a data directory, whether a server is using it or not.

A backup is a directory, or a tar file when its name says so (`.tar`, `.tar.gz`, `.tgz`). Databases go
through SQLite's backup interface, so each is one consistent moment. Code is copied after the
catalogue: what is added meanwhile does no harm, and when the server removed code that the copied
catalogue needs, the copy begins anew.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from lambdad.storage.archives import pack, unpack
from lambdad.storage.data_dir import MEMORY, check_format
from lambdad.storage.refusal import StorageRefused
from lambdad.storage.removal import remove_tree

_DATABASES = ("catalogue.db", "logs.db", "metrics.db", "usage.db", "events.db", "checkpoints.db")
_ATTEMPTS = 5
_TAR_ENDINGS = (".tar", ".tar.gz", ".tgz")


def backup(data_dir_path: Path | str, archive_path: Path | str) -> None:
    """Copy everything worth keeping to `archive_path`, which must not exist yet.

    Raises:
        StorageRefused: not a data directory, the target exists, or code keeps changing meanwhile.
    """
    source, target = _absolute(data_dir_path), _absolute(archive_path)
    check_format(source)
    if target.exists():
        raise StorageRefused(f"{target} exists already; name a backup that does not")
    if not target.parent.is_dir():
        raise StorageRefused(f"{target.parent} is not a directory")
    with _workplace(target) as work:
        copy = work / "copy"
        _copy_until_whole(source, copy)
        if target.name.endswith(_TAR_ENDINGS):
            pack(copy, work / "archive", compressed=not target.name.endswith(".tar"))
            (work / "archive").replace(target)
        else:
            copy.replace(target)


def restore(archive_path: Path | str, data_dir_path: Path | str) -> None:
    """Make a data directory out of a backup; the directory must be missing or empty.

    Raises:
        StorageRefused: the target has something in it, or the backup is none.
    """
    source, target = _absolute(archive_path), _absolute(data_dir_path)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise StorageRefused(f"{target} is not empty; reset and remove it first, or name another")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _workplace(target) as work:
        copy = work / "copy"
        if source.is_dir():
            shutil.copytree(source, copy, symlinks=True)
        else:
            unpack(source, copy)
        check_format(copy)
        copy.chmod(0o700)
        if target.exists():
            target.rmdir()
        copy.replace(target)


def _absolute(path: Path | str) -> Path:
    if str(path) == MEMORY:
        raise StorageRefused(f"{MEMORY} keeps nothing: there is nothing to back up or restore")
    return Path(path).expanduser().absolute()


@contextmanager
def _workplace(target: Path) -> Iterator[Path]:
    """A private directory beside the target, so that the result appears in one rename or not at all."""
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield work
    finally:
        remove_tree(work)


def _copy_until_whole(source: Path, copy: Path) -> None:
    for _ in range(_ATTEMPTS):
        remove_tree(copy)
        copy.mkdir(mode=0o700)
        shutil.copyfile(source / "format", copy / "format")
        for name in _DATABASES:
            if (source / name).exists():
                _copy_database(source / name, copy / name)
        # Code that is still referred to afterwards was not collected while we copied it.
        if _copy_code(source / "code", copy / "code") and _code_keys(copy) <= _code_keys(source):
            return
    raise StorageRefused(f"{source}: functions kept being deleted during the backup; try again")


def _copy_database(source: Path, target: Path) -> None:
    try:
        with closing(_read_only(source)) as reading, closing(sqlite3.connect(target)) as writing:
            reading.backup(writing)
    except sqlite3.DatabaseError as error:
        raise StorageRefused(f"{source}: cannot be copied: {error}") from error


def _code_keys(directory: Path) -> set[str]:
    path = directory / "catalogue.db"
    if not path.exists():
        return set()
    with closing(_read_only(path)) as connection:
        keys = {key for (key,) in connection.execute("SELECT DISTINCT code_key FROM versions")}
        if _has_layers(connection):
            keys |= {key for (key,) in connection.execute("SELECT code_key FROM layer_versions")}
            lists = connection.execute("SELECT DISTINCT layer_keys FROM versions").fetchall()
            keys.update(*(json.loads(listed) for (listed,) in lists))
        return keys


def _has_layers(connection: sqlite3.Connection) -> bool:
    """Whether the schema is new enough; a backup leaves it as it is."""
    found = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'layer_versions'").fetchone()
    return bool(found[0])


def _read_only(path: Path) -> sqlite3.Connection:
    # Not `mode=ro`: reading a database that nobody has open means making its shared memory.
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _copy_code(source: Path, target: Path) -> bool:
    """Copy trees with their modes; False when one of them went away meanwhile."""
    if not source.is_dir():
        target.mkdir(mode=0o700)
        return True
    try:
        # Merged layers and byte code are made of what is copied, when they are needed again.
        shutil.copytree(source, target, symlinks=True, ignore=_made_of(source))
    except (shutil.Error, FileNotFoundError):
        return False
    return True


def _made_of(code: Path) -> Callable[[str, list[str]], set[str]]:
    return lambda folder, _names: {"merged", "compiled", "leaving"} if Path(folder) == code else set()
