"""Where code comes from that is not in the request: objects in S3."""

from __future__ import annotations

from typing import Protocol

from lambdad.domain.scope import Scope


class ObjectSource(Protocol):
    """Reads objects as the account of a scope."""

    async def fetch(self, scope: Scope, bucket: str, key: str, version: str | None, max_bytes: int) -> bytes:
        """The bytes of one object; `version` None means the latest.

        Raises:
            InvalidParameter: S3 refused, in AWS's words (``Error occurred while GetObject. S3 Error
                Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist``), or the
                object is over `max_bytes`.
            NotOffered: no S3 is configured.
        """
        ...
