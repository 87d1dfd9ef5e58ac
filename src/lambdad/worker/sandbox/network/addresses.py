"""Which addresses the network of sandboxes uses; pure.

All are link-local (169.254.0.0/16): functions must not reach that range in any case, so no address of
the internet or of the local network is hidden by ours. Left alone: 169.254.100.0/24 (the listeners inside
a sandbox) and 169.254.169.0/24, 169.254.170.0/24 (metadata of clouds).
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass

from lambdad.worker.sandbox.network.netlink import Route

ROUTER_ADDRESS = "169.254.127.1"
"""Gateway and DNS server of every sandbox."""
INTERFACE = "eth0"
"""The link's name inside a sandbox."""
MAX_LINKS = 8_190
"""Sandboxes with outbound network at one time: the addresses of 169.254.128.0/19."""

_FIRST_SANDBOX = (169 << 24) | (254 << 16) | (128 << 8)
_FIRST_UPLINK = (169 << 24) | (254 << 16) | (160 << 8)
_UPLINKS = 512
_SPECIFIC_PREFIX = 24


@dataclass(frozen=True, slots=True)
class LinkAddress:
    """What the inside of a link needs to know; all of it plain JSON values.

    Attributes:
        address: the sandbox's own, a /32.
        gateway: where everything goes, on the link although no subnet says so.
        mtu: largest packet in bytes.
    """

    address: str
    gateway: str = ROUTER_ADDRESS
    interface: str = INTERFACE
    mtu: int = 1500

    def to_json(self) -> dict[str, str | int]:
        """The fields as a JSON object."""
        return {
            "address": self.address,
            "gateway": self.gateway,
            "interface": self.interface,
            "mtu": self.mtu,
        }

    @staticmethod
    def from_json(value: dict[str, str | int]) -> LinkAddress:
        """Back from `to_json`."""
        return LinkAddress(
            str(value["address"]), str(value["gateway"]), str(value["interface"]), int(value["mtu"])
        )


@dataclass(frozen=True, slots=True)
class UplinkAddresses:
    """The two ends of the cable between router and host: a /31."""

    host: str
    router: str


class NoFreeAddress(Exception):
    """Every candidate is taken on this host."""


def sandbox_address(index: int) -> str:
    """Address of the sandbox with this index; the same again `MAX_LINKS` further."""
    return _dotted(_FIRST_SANDBOX + 1 + index % MAX_LINKS)


def choose_uplink(routes: Iterable[Route], addresses: Iterable[str]) -> UplinkAddresses:
    """The first /31 of 169.254.160.0/22 that nothing on the host uses.

    A route for all of 169.254.0.0/16 (as zero-configuration networking makes) does not count: ours is
    more specific, and nobody else is in it.

    Raises:
        NoFreeAddress: all 512 are taken.
    """
    taken = [(_number(address), 32) for address in addresses]
    taken += [
        (_number(route.destination), route.prefix_length)
        for route in routes
        if route.prefix_length >= _SPECIFIC_PREFIX
    ]
    for candidate in range(_FIRST_UPLINK, _FIRST_UPLINK + 2 * _UPLINKS, 2):
        if not any(_overlap(candidate, 31, network, length) for network, length in taken):
            return UplinkAddresses(_dotted(candidate), _dotted(candidate + 1))
    raise NoFreeAddress


def _overlap(left: int, left_length: int, right: int, right_length: int) -> bool:
    shift = 32 - min(left_length, right_length)
    return left >> shift == right >> shift


def _number(address: str) -> int:
    return int.from_bytes(socket.inet_aton(address), "big")


def _dotted(number: int) -> str:
    return socket.inet_ntoa(number.to_bytes(4, "big"))
