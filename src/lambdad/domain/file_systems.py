"""File systems of functions: an access point by its ARN, and where it is mounted."""

from __future__ import annotations

from dataclasses import dataclass

MOUNT_ROOT = "/mnt/"
"""Every mount path begins with it, and has one name behind it."""


@dataclass(frozen=True, slots=True)
class FileSystem:
    """A file system as a function uses it.

    Attributes:
        arn: of the access point; what lies behind it is the host's business (`[file_systems]`).
        mount_path: ``/mnt/<name>``.
    """

    arn: str
    mount_path: str

    @property
    def name(self) -> str:
        """The name below ``/mnt``."""
        return self.mount_path.removeprefix(MOUNT_ROOT)
