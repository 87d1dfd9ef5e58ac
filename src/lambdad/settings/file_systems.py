"""The table `file_systems`: directories of this host that stand for access points of file systems."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import combinations
from pathlib import Path

from lambdad.settings import reading
from lambdad.settings.reading import SettingsError

MAX_FILE_SYSTEMS = 100

_ACCESS_POINT = re.compile(
    r"arn:aws[a-zA-Z-]*:elasticfilesystem:[a-z0-9-]{4,32}:\d{12}:access-point/fsap-[a-f0-9]{17}"
)


def file_systems(place: str, raw: object) -> Mapping[str, Path]:
    """The directory of each access point by its ARN, with symbolic links followed.

    Raises:
        SettingsError: not such a table, or a directory inside another: who writes in one could replace the
            other.
    """
    if not isinstance(raw, dict) or len(raw) > MAX_FILE_SYSTEMS:
        raise SettingsError(f"{place} must be a table of at most {MAX_FILE_SYSTEMS} access points")
    found = {}
    for arn, directory in raw.items():
        if not _ACCESS_POINT.fullmatch(arn):
            raise SettingsError(f"{place}: {arn!r} is no ARN of an access point of Amazon EFS")
        text = reading.text(f'{place}."{arn}"', directory)
        if not text.startswith(("/", "~")):
            raise SettingsError(f'{place}."{arn}" must be an absolute path, not {text!r}')
        found[arn] = Path(text).expanduser().resolve()
    if nested := first_nested(found.values()):
        raise SettingsError(f"{place}: {nested[0]} and {nested[1]} lie in one another")
    return found


def first_nested(directories: Iterable[Path]) -> tuple[Path, Path] | None:
    """Two different directories of which one holds the other; None when there are none."""
    different = sorted(set(directories))
    for one, other in combinations(different, 2):
        if other.is_relative_to(one):
            return one, other
    return None
