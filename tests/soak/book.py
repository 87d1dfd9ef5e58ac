"""A folder that functions of a server write lines of JSON into, which outlive both."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

_OWNER = 54_321
_ACCESS_POINT = "arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-0123456789abcdef0"

CONFIGURED = f"""
[file_systems]
"{_ACCESS_POINT}" = "{{folder}}"
[vpcs.vpc-1]
subnets = ["subnet-1"]
security_groups = ["sg-1"]
"""
MOUNTED: dict[str, Any] = {
    "FileSystemConfigs": [{"Arn": _ACCESS_POINT, "LocalMountPath": "/mnt/ledger"}],
    "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
}
"""What a function needs to find the folder at /mnt/ledger."""


class Book:
    """The folder.

    Args:
        folder: where to make it.
    """

    def __init__(self, folder: Path) -> None:
        self._ledger = folder / "ledger"
        self._ledger.mkdir()
        if os.geteuid() == 0:
            os.chown(self._ledger, _OWNER, _OWNER)  # functions write as whoever owns it, which is not root

    @property
    def configuration(self) -> str:
        """For the settings of the server."""
        return CONFIGURED.format(folder=self._ledger)

    def lines(self) -> list[Any]:
        """What was written, by its first member, which is a time."""
        found: list[Any] = []
        for path in self._ledger.iterdir():
            for line in path.read_text().splitlines():
                with suppress(ValueError):  # a line that a kill cut off
                    found.append(json.loads(line))
        return sorted(found, key=lambda line: line[0])
