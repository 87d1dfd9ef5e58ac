"""Answers to browsers of the configured origins. Pure."""

from __future__ import annotations

from dataclasses import replace

from lambdad.domain.http import Request, Response

_MAX_AGE_S = "600"
_EXPOSED = (
    "x-amzn-RequestId, x-amzn-ErrorType, X-Amz-Function-Error, X-Amz-Log-Result, X-Amz-Executed-Version, "
    "ETag, x-amz-version-id, x-amz-request-id"
)
_OURS = "access-control-"


def headers(origin: bytes | None) -> tuple[tuple[str, str], ...]:
    """What every answer to an admitted origin carries; nothing when no page asked."""
    if origin is None:
        return ()
    return (
        ("Access-Control-Allow-Origin", origin.decode("latin-1")),
        ("Access-Control-Expose-Headers", _EXPOSED),
        ("Vary", "Origin"),
    )


def cleared(response: Response) -> Response:
    """A neighbour's answer without what it says of CORS: `headers` says it, and twice no browser takes it."""
    kept = tuple(pair for pair in response.headers if not pair[0].lower().startswith(_OURS))
    return replace(response, headers=kept)


def preflight(request: Request) -> Response:
    """The answer to a preflight request of an admitted origin, beside `headers`."""
    return Response(
        204,
        b"",
        (
            ("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE"),
            ("Access-Control-Allow-Headers", request.headers.get("access-control-request-headers", "*")),
            ("Access-Control-Max-Age", _MAX_AGE_S),
        ),
    )
