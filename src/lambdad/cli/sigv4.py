"""Signs the command line's requests, in the form that `domain.sigv4` has for both directions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from lambdad.domain import sigv4


@dataclass(frozen=True, slots=True)
class Credentials:
    """Whose name a request carries; lambdad takes a 12-digit access key as the account."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


def sign(
    credentials: Credentials,
    *,
    service: str,
    region: str,
    method: str,
    host: str,
    path: str,
    query: str,
    body: bytes,
    now: datetime,
) -> Mapping[str, str]:
    """The headers to add to a request so that it is signed.

    `path` and `query` are as they are sent: percent-encoded; `now` has a time zone.
    """
    headers = {"x-amz-date": sigv4.stamp_of(now.timestamp())}
    if credentials.session_token:
        headers["x-amz-security-token"] = credentials.session_token
    headers["authorization"] = sigv4.authorize(
        credentials.secret_key,
        credentials.access_key,
        region,
        service,
        method=method,
        path=path,
        query=query,
        headers={"host": host, **headers},
        payload_hash=sigv4.hash_of(body),
    )
    return headers
