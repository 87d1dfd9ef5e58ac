"""The table `kafka_clusters`: where clusters of Amazon MSK are, of which mappings know the ARN only."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lambdad.settings import reading
from lambdad.settings.reading import SettingsError

MAX_CLUSTERS = 100

_ARN = re.compile(
    r"arn:aws[a-zA-Z0-9-]*:kafka:[a-z0-9-]+:\d{12}:(cluster|vpc-connection/\d{12})/[a-zA-Z0-9-]+/[a-zA-Z0-9-]+"
)
_SERVER = re.compile(r"(\[[0-9a-fA-F:]+\]|[a-zA-Z0-9._-]+):\d{1,5}")


def kafka_clusters(place: str, raw: object) -> Mapping[str, tuple[str, ...]]:
    """The bootstrap servers of each cluster by its ARN.

    Raises:
        SettingsError: not such a table.
    """
    if not isinstance(raw, dict) or len(raw) > MAX_CLUSTERS:
        raise SettingsError(f"{place} must be a table of at most {MAX_CLUSTERS} clusters")
    found = {}
    for arn, named in raw.items():
        if not _ARN.fullmatch(arn):
            raise SettingsError(f"{place}: {arn!r} is no ARN of a cluster of Amazon MSK")
        servers = tuple(one.strip() for one in reading.text(f'{place}."{arn}"', named).split(","))
        if wrong := [one for one in servers if not _SERVER.fullmatch(one)]:
            raise SettingsError(f'{place}."{arn}" must be host:port,host:port, not {wrong[0]!r}')
        found[arn] = servers
    return found
