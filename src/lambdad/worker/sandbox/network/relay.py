"""Hands DNS queries of sandboxes to the host's resolver, whichever it is at that moment.

The sockets that sandboxes speak to are in the router's namespace, those to the resolver in the host's:
so a resolver on the host's loopback (systemd-resolved, dnsmasq, a container engine's) serves functions
without any other port of the loopback being reachable. Messages pass unread.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_DNS_PORT = 53
_MAX_WAITING = 512  # queries under way; more are dropped, and asked again by the function's resolver
_MAX_TCP = 32
_PATIENCE_S = 5.0  # as long as a stub resolver waits
_MAX_MESSAGE_BYTES = 65_535
_LENGTH = struct.Struct(">H")


def nameservers(resolv_conf: str) -> list[str]:
    """Servers that a resolv.conf names, in order; none means the local machine.

    Source: resolv.conf(5).
    """
    found = []
    for line in resolv_conf.splitlines():
        words = line.split()
        if len(words) >= 2 and words[0] == "nameserver":
            found.append(words[1])
    return found or ["127.0.0.1"]


@dataclass(slots=True)
class _Waiting:
    client: tuple[str, int]
    server: str
    until: float


class Resolvers:
    """The host's resolvers; the file is read again whenever it changed."""

    def __init__(self, path: Path = Path("/etc/resolv.conf")) -> None:
        """Read `path`."""
        self._path = path
        self._changed = -1.0
        self._servers: list[str] = ["127.0.0.1"]

    def preferred(self) -> str:
        """The server to ask now."""
        with contextlib.suppress(OSError):
            changed = self._path.stat().st_mtime
            if changed != self._changed:
                self._servers = nameservers(self._path.read_text())
                self._changed = changed
        return self._servers[0]

    def blame(self, server: str) -> None:
        """This one did not answer: ask the next one first from now on."""
        if len(self._servers) > 1 and self._servers[0] == server:
            self._servers.append(self._servers.pop(0))


class Relay:
    """Serves the router's port 53 over UDP on a selector, over TCP in short threads."""

    def __init__(
        self,
        selector: selectors.BaseSelector,
        udp: socket.socket,
        tcp: socket.socket,
        resolvers: Resolvers | None = None,
    ) -> None:
        """Register both sockets; each key's data is a callable to be called when it is readable."""
        self._selector = selector
        self._udp = udp
        self._tcp = tcp
        self._resolvers = resolvers or Resolvers()
        self._waiting: dict[socket.socket, _Waiting] = {}
        self._tcp_slots = threading.BoundedSemaphore(_MAX_TCP)
        for listener, handler in ((udp, self._ask), (tcp, self._accept)):
            listener.setblocking(False)
            selector.register(listener, selectors.EVENT_READ, handler)

    def give_up_waiting(self, now: float) -> None:
        """Forget queries whose time is over."""
        for upstream, waiting in list(self._waiting.items()):
            if waiting.until <= now:
                self._resolvers.blame(waiting.server)
                self._forget(upstream)

    def _ask(self) -> None:
        with contextlib.suppress(OSError):
            query, client = self._udp.recvfrom(_MAX_MESSAGE_BYTES)
            if len(self._waiting) >= _MAX_WAITING:
                return
            server = self._resolvers.preferred()
            upstream = socket.socket(_family(server), socket.SOCK_DGRAM)
            try:
                upstream.setblocking(False)
                upstream.connect((server, _DNS_PORT))
                upstream.send(query)
            except OSError:
                self._resolvers.blame(server)
                upstream.close()
                return
            self._waiting[upstream] = _Waiting(client, server, time.monotonic() + _PATIENCE_S)
            self._selector.register(upstream, selectors.EVENT_READ, lambda: self._answer(upstream))

    def _answer(self, upstream: socket.socket) -> None:
        waiting = self._waiting[upstream]
        try:
            self._udp.sendto(upstream.recv(_MAX_MESSAGE_BYTES), waiting.client)
        except OSError:
            self._resolvers.blame(waiting.server)
        self._forget(upstream)

    def _forget(self, upstream: socket.socket) -> None:
        del self._waiting[upstream]
        self._selector.unregister(upstream)
        upstream.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            client, _ = self._tcp.accept()
            if not self._tcp_slots.acquire(blocking=False):
                client.close()
                return
            server = self._resolvers.preferred()
            threading.Thread(target=self._serve_tcp, args=(client, server), daemon=True).start()

    def _serve_tcp(self, client: socket.socket, server: str) -> None:
        try:
            with client, contextlib.suppress(OSError):
                client.settimeout(_PATIENCE_S)
                query = _read_message(client)
                # not create_connection: it would import a codec, which an unprivileged keeper may not read
                with socket.socket(_family(server), socket.SOCK_STREAM) as upstream:
                    upstream.settimeout(_PATIENCE_S)
                    upstream.connect((server, _DNS_PORT))
                    upstream.sendall(_LENGTH.pack(len(query)) + query)
                    answer = _read_message(upstream)
                client.sendall(_LENGTH.pack(len(answer)) + answer)
        finally:
            self._tcp_slots.release()


def _read_message(sock: socket.socket) -> bytes:
    length = _LENGTH.unpack(_read_exactly(sock, _LENGTH.size))[0]
    return _read_exactly(sock, length)


def _read_exactly(sock: socket.socket, count: int) -> bytes:
    return b"".join(_pieces(sock, count))


def _pieces(sock: socket.socket, count: int) -> Iterable[bytes]:
    while count:
        piece = sock.recv(count)
        if not piece:
            raise ConnectionError("ended in the middle of a message")
        count -= len(piece)
        yield piece


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
