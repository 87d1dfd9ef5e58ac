"""Open descriptors of a template: files that can be opened again are recorded, everything else is refused."""

# os.path on purpose: pathlib would add to the start of a process that must be small.
# ruff: noqa: PTH115, PTH116, PTH208

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from lambdad.worker.sandbox.launcher.image.refusal import ImageError, Refused
from lambdad.worker.sandbox.launcher.image.tracing import CHANNEL_FD

READ_ONLY_PLACES = (
    "/var/task", "/var/lang", "/var/runtime", "/opt", "/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc",
)  # fmt: skip
_DEVICES = frozenset({"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"})
_KINDS = {"socket:": "an open socket", "pipe:": "a pipe"}
_MOST_DESCRIPTORS = 4096
_DELETED = " (deleted)"
# Creating, truncating and the like were done when the file was first opened.
_KEPT_FLAGS = os.O_ACCMODE | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC | os.O_DIRECTORY | os.O_NOFOLLOW


class Places(NamedTuple):
    """Which files a restored process will find again.

    Attributes:
        read_only: directories that no function can change.
        writable: directories whose files the caller has put into the blank's sandbox as they were.
    """

    read_only: tuple[str, ...] = READ_ONLY_PLACES
    writable: tuple[str, ...] = ()

    def hold(self, path: str) -> bool:
        """Whether a file of this name will be there."""
        return any(path == place or path.startswith(f"{place}/") for place in self.read_only + self.writable)


class OpenFile(NamedTuple):
    """A descriptor that is made again by opening its file."""

    number: int
    path: str
    flags: int
    offset: int


def numbers(pid: int) -> list[int]:
    """Open descriptors.

    Raises:
        ImageError: the process is gone or may not be looked at.
        Refused: too many.
    """
    try:
        found = sorted(int(name) for name in os.listdir(f"/proc/{pid}/fd"))
    except OSError as error:
        raise ImageError(f"descriptors of process {pid}: {error.strerror}") from error
    if len(found) > _MOST_DESCRIPTORS:
        raise Refused(f"more than {_MOST_DESCRIPTORS} open descriptors")
    return found


def recorded(pid: int, places: Places) -> tuple[list[OpenFile], list[str]]:
    """Descriptors beyond the channel.

    Returns:
        The files to open again, and what stands in the way.
    """
    files: list[OpenFile] = []
    reasons: list[str] = []
    for number in numbers(pid):
        if number <= CHANNEL_FD:
            continue
        target = os.readlink(f"/proc/{pid}/fd/{number}")
        reason = _hindrance(target, os.stat(f"/proc/{pid}/fd/{number}"), places)
        if reason is None:
            files.append(_record(pid, number, target))
        else:
            reasons.append(f"descriptor {number} is {reason}")
    return files, reasons


def _hindrance(target: str, about: os.stat_result, places: Places) -> str | None:
    """Why a descriptor with this target cannot be opened again; None if it can."""
    if target in _DEVICES:
        return None
    if not target.startswith("/"):
        kind = next((words for prefix, words in _KINDS.items() if target.startswith(prefix)), "open")
    elif target.endswith(_DELETED) or about.st_nlink == 0:
        kind = "a file that was deleted"
    elif not (stat.S_ISREG(about.st_mode) or stat.S_ISDIR(about.st_mode)):
        kind = "no regular file"
    elif not places.hold(target):
        kind = "a file that will not be there again"
    else:
        return None
    return f"{kind} ({target.removesuffix(_DELETED)})"


def _record(pid: int, number: int, path: str) -> OpenFile:
    with open(f"/proc/{pid}/fdinfo/{number}", encoding="ascii", errors="replace") as file:
        fields = dict(line.split(":", 1) for line in file if ":" in line)
    return OpenFile(number, path, int(fields["flags"], 8) & _KEPT_FLAGS, int(fields["pos"]))
