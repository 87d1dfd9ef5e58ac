"""What a browser may send that says no `Origin`, and what may come back as a page; pure.

Links and pictures send none, and a query in a link can be an operation (``?Action=DeleteUser``). Browsers say
with `Sec-Fetch-Site` where such a request comes from. Only what changes nothing and is made to be linked is
open to pages of others. What a bucket holds may be a page, too: it gets no origin where it would get the
console's.

Source: W3C, Fetch Metadata Request Headers, 2.3; Content Security Policy Level 3, 6.3.2 (`sandbox`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from lambdad.domain.http import Request, Response
from lambdad.edge.api_route import SANDBOXED

SITE: Final = "sec-fetch-site"
_OWN: Final = "same-origin"
_FOREIGN: Final = frozenset({"cross-site", "same-site"})
_READING: Final = frozenset({"GET", "HEAD"})
_OPEN: Final = (
    "/console",
    "/health",
    "/ready",
    "/lambdad/v1/health",
    "/lambdad/v1/ready",
    "/lambdad/v1/code/",
)
_LINKED: Final = "s3"
_OPERATION: Final = "Action"

_INERT: Final = ("image/", "audio/", "video/", "application/pdf")
_SCRIPTED_IMAGE: Final = "image/svg"
_NO_SNIFFING: Final = ("X-Content-Type-Options", "nosniff")


def refusal(request: Request, signed_for: str | None, service: str, of_host: str | None) -> str | None:
    """Why a browser's request without an admitted `Origin` is refused; None when it is not, or is none.

    Args:
        request: which came in by a name of the endpoint.
        signed_for: the service of its signature; None without one.
        service: which would answer it.
        of_host: the service that its host name stands for; None when the name says none.
    """
    site = request.headers.get(SITE)
    if site is None:
        return None
    if of_host is not None and signed_for not in {None, of_host}:
        return f"Pages of {request.headers.get('host', '')} may ask for {of_host} only."
    if site != _OWN and any(name == _OPERATION for name, _ in request.query):
        return "A link may not be an operation: call with POST."
    if site in _FOREIGN and not _is_open(request, service):
        return "Pages of other origins may not ask for this: call with CORS, from an origin of cors_origins."
    return None


def _is_open(request: Request, service: str) -> bool:
    return request.method in _READING and (service == _LINKED or request.path.startswith(_OPEN))


def contained(response: Response) -> Response:
    """The same answer, as a page without an origin: of others' making, under the endpoint's own name."""
    kind = next((value.lower() for name, value in response.headers if name.lower() == "content-type"), "")
    is_inert = kind.startswith(_INERT) and not kind.startswith(_SCRIPTED_IMAGE)
    more = (_NO_SNIFFING,) if is_inert else (_NO_SNIFFING, SANDBOXED)
    return replace(response, headers=(*response.headers, *more))
