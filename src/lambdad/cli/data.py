"""`lambdad backup`, `restore` and `reset`: the data directory as a whole.

A backup may be made while a server uses the directory; restore and reset refuse then.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from lambdad.cli import options, show
from lambdad.cli.errors import USAGE, CommandError
from lambdad.domain.errors import LambdadError
from lambdad.settings import SettingsError, load

Sure = Annotated[bool, typer.Option("--yes", "-y", help="do not ask")]
NewArchive = Annotated[
    Path, typer.Argument(metavar="FILE", help="a new .tar, .tar.gz or .tgz; any other name makes a directory")
]
Archive = Annotated[Path, typer.Argument(metavar="FILE", help="what `lambdad backup` wrote")]


def backup(archive: NewArchive, data_dir: options.DataDir = None, as_json: options.AsJson = False) -> None:
    """Write everything lambdad keeps into one archive; a server may be running."""
    from lambdad.storage import backup as storage

    where = directory(data_dir)
    with _told(), show.progress(f"writing {archive}"):
        storage.backup(where, archive.absolute())
    _done({"archive": str(archive.absolute())}, f"wrote {archive}", as_json)


def restore(
    archive: Archive, data_dir: options.DataDir = None, yes: Sure = False, as_json: options.AsJson = False
) -> None:
    """Put an archive's contents in the place of everything lambdad keeps."""
    from lambdad.storage import backup as storage

    where = directory(data_dir)
    if not archive.exists():
        raise CommandError(f"{archive}: no such file or directory", USAGE)
    _agree(f"replace everything in {where} by {archive}?", yes, where)
    with _told(), show.progress(f"reading {archive}"):
        if _holds_something(where):
            _replace(archive.absolute(), where)
        else:
            storage.restore(archive.absolute(), where)
    _done({"dataDir": str(where)}, f"restored {where}", as_json)


def reset(data_dir: options.DataDir = None, yes: Sure = False, as_json: options.AsJson = False) -> None:
    """Delete every function and everything else lambdad keeps."""
    from lambdad.storage import data_dir as storage

    where = directory(data_dir)
    _agree(f"delete everything in {where}?", yes, where)
    with _told():
        storage.reset(where)
    _done({"dataDir": str(where)}, f"emptied {where}", as_json)


def directory(given: str | None) -> Path:
    """The data directory `lambdad serve` would take.

    Raises:
        CommandError: the settings are wrong, or nothing is kept (``:memory:``).
    """
    try:
        settings = load({"data_dir": given} if given else {})
    except SettingsError as error:
        raise CommandError(str(error).splitlines()[0], USAGE) from None
    if settings.data_dir is None:
        raise CommandError("data_dir is :memory:, nothing is kept; name a directory with --data-dir", USAGE)
    return settings.data_dir


@contextmanager
def _told() -> Iterator[None]:
    """Turn the errors of the storage into one line."""
    try:
        yield
    except (LambdadError, OSError) as error:
        raise CommandError(" ".join(str(error).split())) from None


def _replace(archive: Path, where: Path) -> None:
    """Restore beside `where` first, so that a bad archive or a running server costs nothing."""
    from lambdad.storage import backup, data_dir

    fresh = where.with_name(f".{where.name}.restored")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        backup.restore(archive, fresh)
        _keep_keys(where, fresh)
        data_dir.reset(where)
        shutil.rmtree(where)
        fresh.rename(where)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _keep_keys(where: Path, fresh: Path) -> None:
    """Take along what no backup has: the key that secrets are sealed with, and the token of S3 servers."""
    from lambdad.storage.files.key_file import KEY_FILE, TOKEN_FILE

    for name in (KEY_FILE, TOKEN_FILE):
        if (where / name).exists():
            shutil.copy2(where / name, fresh / name)


def _holds_something(where: Path) -> bool:
    return where.exists() and any(where.iterdir())


def _agree(question: str, yes: bool, where: Path) -> None:
    """Ask before something is lost; without a terminal --yes is needed."""
    if yes or not _holds_something(where):
        return
    if not show.err.is_terminal:
        raise CommandError(f"{question} say so with --yes", USAGE)
    if not typer.confirm(question, err=True):
        raise typer.Exit(1)


def _done(members: dict[str, str], line: str, as_json: bool) -> None:
    if as_json:
        show.document(members)
    else:
        show.out.print(line, markup=False)
