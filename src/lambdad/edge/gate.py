"""Who may come in at all: a web page in the user's browser must not reach the endpoint.

A browser sends `Origin` with anything but simple navigation, and a page that rebinds its name to
127.0.0.1 sends its own name as `Host`. Both are refused unless configured; a page of the endpoint itself, the
console, may call. What browsers send without `Origin` is for `pages`. Pure.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

_MAX_HOST_BYTES = 300
"""A DNS name has at most 255, a port five."""
_ANY_PORT = b":*"
_MOST_REFUSED = 100
"""Origins that are told of."""


class Gate:
    """Admission by `Host` and `Origin`.

    Args:
        allowed_hosts: further names (exact, or ``*.name``), in lower case.
        cors_origins: origins whose pages may call; ``:*`` at the end stands for every port.
    """

    def __init__(self, allowed_hosts: Iterable[str], cors_origins: Iterable[str]) -> None:
        self._hosts = frozenset(host.lower() for host in allowed_hosts)
        self._origins = frozenset(origin.rstrip("/").encode() for origin in cors_origins)
        self._known: set[bytes] = set()
        self._refused: set[bytes] = set()

    def admits_host(self, host: bytes | None) -> bool:
        """Whether a `Host` header names this server; a request without one is refused."""
        if host is None or len(host) > _MAX_HOST_BYTES:
            return False
        if host in self._known:
            return True
        if not self._is_ours(host):
            return False
        if len(self._known) < 1_000:
            self._known.add(host)
        return True

    def admits_origin(self, origin: bytes) -> bool:
        """Whether pages of this origin, which is not the endpoint's, may call."""
        return origin in self._origins or origin.rpartition(b":")[0] + _ANY_PORT in self._origins

    def is_own_origin(self, origin: bytes, host: bytes | None, scheme: str) -> bool:
        """Whether a page that the endpoint served asks, under the name it was served under.

        Args:
            origin: of the page.
            host: an admitted `Host`.
            scheme: ``http`` or ``https``.
        """
        if host is None or origin.lower() != f"{scheme}://".encode() + host.lower():
            return False
        return self._is_bare(_without_port(host.decode("ascii").lower()))

    def is_news(self, origin: bytes) -> bool:
        """Whether an origin is refused for the first time; beyond a hundred nothing is."""
        if origin in self._refused or len(self._refused) >= _MOST_REFUSED:
            return False
        self._refused.add(origin)
        return True

    def _is_bare(self, name: str) -> bool:
        """Whether a name is the endpoint's alone: below others buckets, functions and APIs have pages."""
        return name == "localhost" or name in self._hosts or _is_loopback(name)

    def _is_ours(self, host: bytes) -> bool:
        try:
            name = host.decode("ascii").lower()
        except UnicodeDecodeError:
            return False
        name = _without_port(name)
        if name == "localhost" or name.endswith((".localhost", ".amazonaws.com", ".amazonaws.com.cn")):
            return True
        if name in self._hosts or any(
            pattern.startswith("*.") and name.endswith(pattern[1:]) for pattern in self._hosts
        ):
            return True
        return _is_loopback(name)


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[: host.find("]") + 1]
    return host.partition(":")[0]
