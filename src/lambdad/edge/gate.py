"""Who may come in at all: a web page in the user's browser must not reach the endpoint.

A browser sends `Origin` with anything but simple navigation, and a page that rebinds its name to
127.0.0.1 sends its own name as `Host`. Both are refused unless configured. Pure.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

_MAX_HOST_BYTES = 300
"""A DNS name has at most 255, a port five."""


class Gate:
    """Admission by `Host` and `Origin`.

    Args:
        allowed_hosts: further names (exact, or ``*.name``), in lower case.
        cors_origins: origins whose pages may call.
    """

    def __init__(self, allowed_hosts: Iterable[str], cors_origins: Iterable[str]) -> None:
        self._hosts = frozenset(host.lower() for host in allowed_hosts)
        self._origins = frozenset(origin.rstrip("/").encode() for origin in cors_origins)
        self._known: set[bytes] = set()

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
        """Whether pages of this origin may call."""
        return origin in self._origins

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
        try:
            return ipaddress.ip_address(name.strip("[]")).is_loopback
        except ValueError:
            return False


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[: host.find("]") + 1]
    return host.partition(":")[0]
