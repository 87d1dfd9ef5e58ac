"""Calls of what API Gateway publishes: by host (``<api>.execute-api.<region>.<any domain>``) or by path.

Like a function URL such an address is open to whoever the API lets in: no signature of ours, and pages of any
origin, which the API itself answers. Before: `dispatch`. After: the service ``execute-api``.
"""

from __future__ import annotations

from typing import Final

API_MARK: Final = b".execute-api."
API_PATHS: Final = (b"/restapis/", b"/_aws/execute-api/")
_LOCAL: Final = b"/_user_request_"
SERVICE: Final = "execute-api"

SANDBOXED: Final = (
    "Content-Security-Policy",
    "sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts",
)
"""Below a path a page has the endpoint's own origin; so it gets none, and cannot read the API with it."""


def is_api_host(host: bytes | None) -> bool:
    """Whether a `Host` names an API."""
    return host is not None and API_MARK in host


def is_api_path(url: bytes) -> bool:
    """Whether a request target names an API: ``/restapis/<api>/<stage>/_user_request_/…``."""
    if not url.startswith(API_PATHS):
        return False
    if url.startswith(API_PATHS[1]):
        return True
    parts = url.partition(b"?")[0].split(b"/", 5)
    return len(parts) > 4 and parts[4] == _LOCAL[1:]
