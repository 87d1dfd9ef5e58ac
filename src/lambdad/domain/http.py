"""HTTP as values, for everything off the warm path."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lambdad.domain.identity import Who
from lambdad.domain.scope import Scope

if TYPE_CHECKING:
    from lambdad.domain.identity import Who


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as far as the request says.

    Attributes:
        scope: account (a 12-digit access key, else the default) and region of the signature.
        access_key: None for an unsigned request.
        environment_id: set when the request came through a listener inside a sandbox.
        who: the owner of the key, whose signature was verified; None when nobody knows the key.
    """

    scope: Scope
    access_key: str | None = None
    environment_id: str | None = None
    who: Who | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One whole request.

    Attributes:
        path: raw, still percent-encoded, without the query.
        query: decoded pairs in order; a key without `=` has an empty value.
        headers: names in lower case; of repeated headers the values are joined by ``, ``.
        base_url: scheme and authority the caller used, for links back (``http://127.0.0.1:4566``).
        source_ip: of the client; empty when nobody knows.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes
    caller: Caller
    request_id: str
    base_url: str
    source_ip: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """One whole response; `x-amzn-RequestId`, `Date` and `Content-Length` are added by the edge.

    Attributes:
        body: bytes, or an async iterator of chunks for a streamed answer.
    """

    status: int
    body: bytes | AsyncIterator[bytes] = b""
    headers: tuple[tuple[str, str], ...] = field(default=())
