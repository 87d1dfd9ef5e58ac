"""The directories behind access points, found when an environment is made that mounts them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lambdad.domain.errors import FileSystemUnavailable
from lambdad.domain.function import FunctionVersion
from lambdad.worker.sandbox.plan import SharedDirectory


@dataclass(frozen=True, slots=True)
class FileSystems:
    """What this host has.

    Attributes:
        directories: by the access point's ARN.
    """

    directories: Mapping[str, Path] = field(default_factory=dict)

    async def shared(self, version: FunctionVersion) -> tuple[SharedDirectory, ...]:
        """The directories of a version; looked at in a thread, as a remote one may take its time.

        Raises:
            FileSystemUnavailable: one is not there, or not fit.
        """
        return await asyncio.to_thread(self._shared, version)

    def _shared(self, version: FunctionVersion) -> tuple[SharedDirectory, ...]:
        found = []
        for one in version.file_systems:
            directory = self.directories.get(one.arn)
            why = "it is no longer listed in [file_systems]" if directory is None else unfit(directory)
            if directory is None or why is not None:
                raise FileSystemUnavailable(f"The file system {one.arn} cannot be mounted: {why}.")
            found.append(SharedDirectory(directory, one.name))
        return tuple(found)


def unfit(directory: Path) -> str | None:
    """Why a directory cannot be given to functions; None when it can, as far as can be seen."""
    try:
        about = directory.stat()
    except OSError as error:
        return f"{directory}: {error.strerror}"
    if not directory.is_dir():
        return f"{directory} is no directory"
    if os.geteuid() == 0 and 0 in (about.st_uid, about.st_gid):
        return f"{directory} belongs to root; give it to a user and a group of its own"
    return None
