"""The network of a sandbox that has none: `lo`, with the address the Runtime API answers on."""

from __future__ import annotations

import socket

from lambdad.worker.sandbox.network import netlink

_LO = 1
_BACKLOG = 128


def bring_up(addresses: set[str]) -> None:
    """Bring `lo` up in this network namespace and give it `addresses` (each a /32)."""
    kernel = netlink.Netlink()
    try:
        wanted = sorted(address for address in addresses if not address.startswith("127."))
        kernel.execute((netlink.set_up(_LO), *(netlink.add_address(_LO, address, 32) for address in wanted)))
    finally:
        kernel.close()


def listen(endpoints: list[tuple[str, int]]) -> list[socket.socket]:
    """Listening sockets in this network namespace, in the order given."""
    listeners = []
    for endpoint in endpoints:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(endpoint)
        listener.listen(_BACKLOG)
        listeners.append(listener)
    return listeners
