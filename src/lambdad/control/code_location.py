"""The link of GetFunction to a function's code: signed, valid for ten minutes; pure.

``<base>/lambdad/v1/code/<key>.zip?expires=<epoch seconds>&signature=<hex>``. `GetFunction` signs,
the edge verifies and sends the archive; the link needs no other signature, as on AWS.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

from lambdad.domain.errors import AccessDenied
from lambdad.domain.function import CodeKey
from lambdad.domain.limits import CODE_LOCATION_TTL_S

PATH_PREFIX = "/lambdad/v1/code/"
"""Paths below it belong to `verify`."""

_PATH = re.compile(re.escape(PATH_PREFIX) + r"([0-9a-f]{64})\.zip")


def sign(secret: bytes, base_url: str, key: CodeKey, now: float) -> str:
    """A link to the archive under `key`; `now` and its end are seconds since the epoch."""
    expires = int(now) + CODE_LOCATION_TTL_S
    signature = _signature(secret, key, expires)
    return f"{base_url}{PATH_PREFIX}{key}.zip?expires={expires}&signature={signature}"


def verify(secret: bytes, path: str, query: Mapping[str, str], now: float) -> CodeKey:
    """The archive a link leads to.

    Raises:
        AccessDenied: not a link of ours, changed, or expired.
    """
    matched = _PATH.fullmatch(path)
    expires = query.get("expires", "")
    if matched is None or not (expires.isascii() and expires.isdigit()) or len(expires) > 12:
        raise AccessDenied("This is no code location.")
    key = CodeKey(matched.group(1))
    expected = _signature(secret, key, int(expires))
    if not hmac.compare_digest(expected.encode(), query.get("signature", "").encode()):
        raise AccessDenied("The signature of this code location does not match.")
    if now >= int(expires):
        raise AccessDenied("Request has expired")
    return key


def _signature(secret: bytes, key: CodeKey, expires: int) -> str:
    return hmac.new(secret, f"{key}\n{expires}".encode(), hashlib.sha256).hexdigest()
