"""The data directory: everything a server keeps, in one place with one owner.

::

    DIR/                mode 0700
      format            version of this layout
      lock              held by the server that uses the directory; names its process id
      catalogue.db      functions, versions, tags
      logs.db           log groups, streams, events
      metrics.db        metrics by second, minute, five minutes and hour
      usage.db          what functions used, by day: what the bill is made of
      events.db         accepted events that have not ended, and messages owed for them
      checkpoints.db    how far mappings have read their streams
      events.witness    how much of that was committed: tells a start what a damaged file has lost
      code/             archives and their unpacked trees (the code store's)
      run/              what only a running server needs; emptied at start

``:memory:`` stands for a private temporary directory that goes away with the server; those of killed
servers go away when the next one starts.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from lambdad.storage.directory_lock import held, take_lock
from lambdad.storage.refusal import StorageRefused
from lambdad.storage.removal import remove_tree

MEMORY = ":memory:"
FORMAT = 1
_TEMPORARY_PREFIX = "lambdad-memory-"
_FORMAT_FILE = "format"
LOCK_FILE = "lock"


@dataclass(frozen=True, slots=True)
class DataDir:
    """Where things are.

    Attributes:
        path: the directory.
        in_memory: whether nothing is to be kept; the catalogue then has no file at all.
    """

    path: Path
    in_memory: bool = False

    @property
    def catalogue(self) -> Path | str:
        """The catalogue's database, or ``:memory:``."""
        return MEMORY if self.in_memory else self.path / "catalogue.db"

    @property
    def logs(self) -> Path:
        """The database of logs."""
        return self.path / "logs.db"

    @property
    def metrics(self) -> Path:
        """The database of metrics."""
        return self.path / "metrics.db"

    @property
    def usage(self) -> Path:
        """The database of what functions used."""
        return self.path / "usage.db"

    @property
    def checkpoints(self) -> Path:
        """The database of how far streams were read."""
        return self.path / "checkpoints.db"

    @property
    def events(self) -> Path:
        """The database of asynchronous events."""
        return self.path / "events.db"

    @property
    def code(self) -> Path:
        """The code store's directory."""
        return self.path / "code"

    @property
    def run(self) -> Path:
        """For sockets, scratch and whatever else a restart makes anew."""
        return self.path / "run"


@contextmanager
def open_data_dir(path: Path | str, *, lock: bool = True) -> Iterator[DataDir]:
    """Make the directory ready for use, and hold it against other servers.

    Args:
        path: the directory, made when missing, or ``:memory:``.
        lock: False only looks: nothing is made and nothing is held.

    Raises:
        StorageRefused: in use, of a newer format, or not a data directory.
    """
    if str(path) == MEMORY:
        with _temporary() as data_dir:
            yield data_dir
        return
    directory = Path(path).expanduser().absolute()
    if not lock:
        check_format(directory)
        yield DataDir(directory)
        return
    _claim(directory)
    with take_lock(directory / LOCK_FILE, f"data directory {directory}"):
        yield _prepare(DataDir(directory))


def reset(data_dir_path: Path | str) -> None:
    """Forget everything: empty a data directory that no server uses.

    Raises:
        StorageRefused: in use, or not a data directory.
    """
    directory = Path(data_dir_path).expanduser().absolute()
    check_format(directory)
    with take_lock(directory / LOCK_FILE, f"data directory {directory}"):
        # The format goes last: an interrupted reset can be repeated.
        kept = {LOCK_FILE, _FORMAT_FILE}
        for entry in directory.iterdir():
            if entry.name not in kept:
                remove_tree(entry)
        _write_format(directory)


def check_format(directory: Path) -> None:
    """See that a directory is one of ours and not newer than we know.

    Raises:
        StorageRefused: it is not.
    """
    try:
        text = (directory / _FORMAT_FILE).read_text("utf-8").strip()
    except OSError as error:
        raise StorageRefused(
            f"{directory} is not a lambdad data directory (no file '{_FORMAT_FILE}' in it)"
        ) from error
    if not text.isdigit():
        raise StorageRefused(f"{directory}: its format '{text[:40]}' is not a number")
    if int(text) > FORMAT:
        raise StorageRefused(
            f"{directory}: format {text} is newer than this lambdad knows ({FORMAT}); "
            "use the lambdad that wrote it"
        )


def _claim(directory: Path) -> None:
    """Make a new directory ours; refuse one that holds something else."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (directory / _FORMAT_FILE).exists():
            strangers = sorted({entry.name for entry in directory.iterdir()} - {LOCK_FILE})
            if strangers:
                raise StorageRefused(
                    f"{directory} is not a lambdad data directory and not empty (it has '{strangers[0]}')"
                )
            _write_format(directory)
        directory.chmod(0o700)
    except OSError as error:
        raise StorageRefused(f"{directory} cannot be used: {error.strerror}") from error
    check_format(directory)


def _write_format(directory: Path) -> None:
    written = directory / f"{_FORMAT_FILE}.new"
    written.write_text(f"{FORMAT}\n", "utf-8")
    written.replace(directory / _FORMAT_FILE)


def _prepare(data_dir: DataDir) -> DataDir:
    remove_tree(data_dir.run)
    data_dir.run.mkdir(mode=0o700)
    data_dir.code.mkdir(mode=0o700, exist_ok=True)
    return data_dir


@contextmanager
def _temporary() -> Iterator[DataDir]:
    remove_abandoned()
    directory = Path(tempfile.mkdtemp(prefix=_TEMPORARY_PREFIX))
    try:
        with take_lock(directory / LOCK_FILE, f"data directory {directory}"):
            _write_format(directory)
            yield _prepare(DataDir(directory, in_memory=True))
    finally:
        remove_tree(directory)


def remove_abandoned() -> None:
    """Remove the temporary directories of servers that were killed."""
    for directory in Path(tempfile.gettempdir()).glob(f"{_TEMPORARY_PREFIX}*"):
        with suppress(OSError):
            ours = directory.stat(follow_symlinks=False).st_uid == os.geteuid()
            if ours and (directory / LOCK_FILE).exists() and not held(directory / LOCK_FILE):
                remove_tree(directory)
