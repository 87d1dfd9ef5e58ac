"""CORS as a function URL is configured for it; pure.

A preflight request is answered for the function; to other answers the configured headers are added beside the
function's own, as AWS does: who sets them in both places sends them twice.

Source: AWS's page "Creating and managing Lambda function URLs", "Cross-origin resource sharing (CORS)".
"""

from __future__ import annotations

from collections.abc import Sequence

from lambdad.domain.function_url import Cors

_ALL = "*"
Lines = tuple[tuple[str, str], ...]


def is_preflight(method: bytes, headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Whether a browser asks before it sends the request itself."""
    return method == b"OPTIONS" and any(name == b"access-control-request-method" for name, _ in headers)


def preflight(cors: Cors, origin: str | None, headers: Sequence[tuple[bytes, bytes]]) -> Lines:
    """Headers of the answer to a preflight request; none for an origin that is not allowed."""
    allowed = _origin(cors, origin)
    if allowed is None:
        return ()
    asked = {name: value.decode("latin-1") for name, value in headers}
    lines = [
        *_always(cors, allowed),
        ("Access-Control-Allow-Methods", _listed(cors, cors.allow_methods, asked, "method")),
        ("Access-Control-Allow-Headers", _listed(cors, cors.allow_headers, asked, "headers")),
        ("Access-Control-Max-Age", "" if cors.max_age_s is None else str(cors.max_age_s)),
    ]
    return tuple((name, value) for name, value in lines if value)


def added(cors: Cors | None, origin: str | None) -> Lines:
    """Headers of any other answer; none for an origin that is not allowed."""
    allowed = None if cors is None else _origin(cors, origin)
    if cors is None or allowed is None:
        return ()
    exposed = (("Access-Control-Expose-Headers", ",".join(cors.expose_headers or ())),)
    return tuple((name, value) for name, value in (*_always(cors, allowed), *exposed) if value)


def _origin(cors: Cors, origin: str | None) -> str | None:
    """What the page's origin is told; None when it may not call."""
    allowed = cors.allow_origins or ()
    if origin is None:
        return None
    if origin in allowed:
        return origin
    if _ALL in allowed:
        return origin if cors.allow_credentials else _ALL
    return None


def _always(cors: Cors, allowed: str) -> Lines:
    return (
        ("Access-Control-Allow-Origin", allowed),
        ("Vary", "" if allowed == _ALL else "Origin"),
        ("Access-Control-Allow-Credentials", "true" if cors.allow_credentials else ""),
    )


def _listed(cors: Cors, allowed: tuple[str, ...] | None, asked: dict[bytes, str], what: str) -> str:
    """A list as configured; what was asked for when it is ``*`` with credentials, as browsers want it."""
    if cors.allow_credentials and _ALL in (allowed or ()):
        return asked.get(f"access-control-request-{what}".encode(), "")
    return ",".join(allowed or ())
