"""Objects of S3 in memory; refuses in the words S3's answers give Lambda."""

from __future__ import annotations

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.scope import Scope

_REFUSED = "Error occurred while GetObject. S3 Error Code: {}. S3 Error Message: {}"


class FakeObjects:
    """Implements `ports.object_source.ObjectSource`."""

    def __init__(self) -> None:
        self.buckets: dict[str, dict[str, bytes]] = {}
        self.asked: list[tuple[Scope, str, str, str | None, int]] = []

    async def fetch(self, scope: Scope, bucket: str, key: str, version: str | None, max_bytes: int) -> bytes:
        self.asked.append((scope, bucket, key, version, max_bytes))
        if bucket not in self.buckets:
            raise InvalidParameter(_REFUSED.format("NoSuchBucket", "The specified bucket does not exist"))
        if key not in self.buckets[bucket]:
            raise InvalidParameter(_REFUSED.format("NoSuchKey", "The specified key does not exist."))
        return self.buckets[bucket][key]
