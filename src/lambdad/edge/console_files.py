"""The console: files of the package at `/console/`, for browsers; nothing of it is read before somebody asks.

Before: a request without a signature for such a path. After: a file that was there when the first was asked
for, compressed if the browser takes that; any other path is the page itself, whose code finds its way. The
policy of the page lets it load and ask nothing but this endpoint.

Source: Content Security Policy Level 3; RFC 9111 (Cache-Control), RFC 8246 (immutable).
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from lambdad.domain.http import Request, Response

BASE: Final = "/console"
_PAGE: Final = "index.html"
_ASSETS: Final = "assets/"
_LEVEL: Final = 6
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        # The editor makes its style sheet as it runs.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS: Final = (
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Vary", "Accept-Encoding"),
)
_KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
_OTHER_KIND: Final = "application/octet-stream"
_NOT_BUILT: Final = (
    b"<!doctype html><title>lambdad</title><p>This lambdad came without its console. In a checkout: "
    b"<code>make console</code>, then reload. Everything else works.\n"
)


class ConsoleFiles:
    """Implements `ports.service.Service`.

    Args:
        folder: where the files are; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: frozenset[str] | None = None
        self._kept: dict[str, tuple[bytes, bytes]] = {}  # as they are, and compressed

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        if request.method not in {"GET", "HEAD"}:
            return Response(405, b"", (*_HEADERS, ("Allow", "GET, HEAD")))
        if request.path == BASE:
            return Response(308, b"", (("Location", f"{BASE}/"),))
        name = request.path.removeprefix(f"{BASE}/")
        if self._names is None:
            self._names = await asyncio.to_thread(self._listed)
        if name not in self._names:
            if name.startswith(_ASSETS):  # of another version: the page would be no answer
                return Response(404, b"", _HEADERS)
            name = _PAGE
        if name not in self._names:
            return Response(503, _NOT_BUILT, (*_HEADERS, ("Content-Type", "text/html; charset=utf-8")))
        return await self._file(name, takes_gzip="gzip" in request.headers.get("accept-encoding", ""))

    def _listed(self) -> frozenset[str]:
        files = (path for path in self._folder.rglob("*") if path.is_file())
        return frozenset(path.relative_to(self._folder).as_posix() for path in files)

    async def _file(self, name: str, *, takes_gzip: bool) -> Response:
        kept = self._kept.get(name)
        if kept is None:
            kept = self._kept[name] = await asyncio.to_thread(self._read, name)
        plain, compressed = kept
        lasting = name.startswith(_ASSETS)  # their names change with what is in them
        headers = (
            *_HEADERS,
            ("Content-Type", _KINDS.get(Path(name).suffix, _OTHER_KIND)),
            ("Cache-Control", "public, max-age=31536000, immutable" if lasting else "no-cache"),
        )
        if takes_gzip and len(compressed) < len(plain):
            return Response(200, compressed, (*headers, ("Content-Encoding", "gzip")))
        return Response(200, plain, headers)

    def _read(self, name: str) -> tuple[bytes, bytes]:
        import gzip  # noqa: PLC0415 - few servers' starts need it

        plain = (self._folder / name).read_bytes()
        return plain, gzip.compress(plain, _LEVEL, mtime=0)


def is_for_console(request: Request, signed_for: str | None) -> bool:
    """Whether a request is for the console: of nobody, from outside; a signed one is for a bucket."""
    if signed_for is not None or request.caller.environment_id is not None:
        return False
    return request.path == BASE or request.path.startswith(f"{BASE}/")


def is_from_browser(request: Request, signed_for: str | None) -> bool:
    """Whether somebody typed the endpoint's address into a browser."""
    return (
        signed_for is None
        and request.path == "/"
        and not request.query
        and request.method == "GET"
        and request.headers.get("sec-fetch-mode") == "navigate"
    )


def to_console() -> Response:
    """Where that browser shall go."""
    return Response(302, b"", (("Location", f"{BASE}/"), ("Cache-Control", "no-store")))
