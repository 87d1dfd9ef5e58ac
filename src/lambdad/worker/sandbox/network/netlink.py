"""The few rtnetlink messages a link needs, built with struct and sent in one batch.

Only sockets know a namespace: a netlink socket speaks for ever about the namespace it was opened in,
so the launcher configures the router's namespace without entering it.

Source: rtnetlink(7), netlink(7), include/uapi/linux/{netlink,rtnetlink,if_link,if_addr}.h.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_RTM_NEWLINK, _RTM_DELLINK, _RTM_GETLINK = 16, 17, 18
_RTM_NEWADDR, _RTM_GETADDR = 20, 22
_RTM_NEWROUTE, _RTM_GETROUTE = 24, 26
_REQUEST, _ACK, _DUMP, _REPLACE, _EXCL, _CREATE = 0x1, 0x4, 0x300, 0x100, 0x200, 0x400

_IFLA_IFNAME, _IFLA_MTU, _IFLA_LINKINFO, _IFLA_AF_SPEC, _IFLA_NET_NS_FD = 3, 4, 18, 26, 28
_IFLA_INFO_KIND, _IFLA_INFO_DATA, _VETH_INFO_PEER = 1, 2, 1
_IFLA_INET_CONF, _IFLA_INET6_ADDR_GEN_MODE, _ADDR_GEN_NONE = 1, 8, 1
_DEVCONF_FORWARDING, _DEVCONF_RP_FILTER = 1, 8
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_PREFSRC = 1, 4, 5, 7
_RT_TABLE_MAIN, _RTPROT_STATIC, _RTN_UNICAST, _SCOPE_UNIVERSE, _SCOPE_LINK = 254, 4, 1, 0, 253
_IFF_UP = 1
_NESTED = 0x8000

_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_IFINFO = struct.Struct("=BxHiII")  # family, device type, index, flags, change mask
_IFADDR = struct.Struct("=BBBBI")  # family, prefix length, flags, scope, index
_ROUTE = struct.Struct("=BBBBBBBBI")  # family, dst len, src len, tos, table, protocol, scope, type, flags

GROUP_IPV4_ADDRESSES = 0x10
"""RTMGRP_IPV4_IFADDR: tells when an address is added or removed."""


@dataclass(frozen=True, slots=True)
class Message:
    """A request without header: type, flags and the payload."""

    kind: int
    flags: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Link:
    """An interface as the kernel lists it."""

    index: int
    name: str
    mtu: int
    is_up: bool


@dataclass(frozen=True, slots=True)
class Route:
    """An IPv4 route of the main or local table; a default route has `prefix_length` 0."""

    destination: str
    prefix_length: int
    interface: int
    table: int


def add_veth(name: str, index: int, peer_name: str, peer_netns: int, mtu: int, *, up: bool = True) -> Message:
    """Make a veth pair: `name` here under interface number `index` (0: any), its peer in the other (fd)."""
    peer = _IFINFO.pack(0, 0, 0, 0, 0) + _text(_IFLA_IFNAME, peer_name) + _u32(_IFLA_MTU, mtu)
    peer += _u32(_IFLA_NET_NS_FD, peer_netns)
    kind = _text(_IFLA_INFO_KIND, "veth") + _nest(_IFLA_INFO_DATA, _nest(_VETH_INFO_PEER, peer))
    flags = _IFF_UP if up else 0
    payload = _IFINFO.pack(0, 0, index, flags, flags)
    payload += _text(_IFLA_IFNAME, name) + _u32(_IFLA_MTU, mtu) + _nest(_IFLA_LINKINFO, kind)
    return Message(_RTM_NEWLINK, _CREATE | _EXCL, payload)


def set_up(index: int) -> Message:
    """Bring an interface up."""
    return Message(_RTM_NEWLINK, 0, _IFINFO.pack(0, 0, index, _IFF_UP, _IFF_UP))


def forget_ipv6(index: int) -> Message:
    """Give an interface no IPv6 address of its own making; to be said before it is up."""
    mode = _attribute(_IFLA_INET6_ADDR_GEN_MODE, bytes([_ADDR_GEN_NONE]))
    payload = _IFINFO.pack(0, 0, index, 0, 0) + _nest(_IFLA_AF_SPEC, _nest(socket.AF_INET6, mode))
    return Message(_RTM_NEWLINK, 0, payload)


def forward_strictly(index: int) -> Message:
    """Let an interface forward IPv4, and only from senders it has a route back to (strict rp_filter)."""
    conf = _u32(_DEVCONF_FORWARDING, 1) + _u32(_DEVCONF_RP_FILTER, 1)
    spec = _nest(_IFLA_AF_SPEC, _nest(socket.AF_INET, _nest(_IFLA_INET_CONF, conf)))
    return Message(_RTM_NEWLINK, 0, _IFINFO.pack(0, 0, index, 0, 0) + spec)


def delete_link(index: int) -> Message:
    """Remove an interface (and its peer); takes some 16 ms."""
    return Message(_RTM_DELLINK, 0, _IFINFO.pack(0, 0, index, 0, 0))


def add_address(index: int, address: str, prefix_length: int) -> Message:
    """Give an interface an IPv4 address."""
    raw = socket.inet_aton(address)
    payload = _IFADDR.pack(socket.AF_INET, prefix_length, 0, _SCOPE_UNIVERSE, index)
    return Message(
        _RTM_NEWADDR,
        _CREATE | _REPLACE,
        payload + _attribute(_IFA_LOCAL, raw) + _attribute(_IFA_ADDRESS, raw),
    )


def add_route(index: int, destination: str, *, source: str | None = None) -> Message:
    """Route one IPv4 address to an interface; EEXIST when another interface has it."""
    payload = _ROUTE.pack(
        socket.AF_INET, 32, 0, 0, _RT_TABLE_MAIN, _RTPROT_STATIC, _SCOPE_LINK, _RTN_UNICAST, 0
    )
    payload += _attribute(_RTA_DST, socket.inet_aton(destination)) + _u32(_RTA_OIF, index)
    if source is not None:
        payload += _attribute(_RTA_PREFSRC, socket.inet_aton(source))
    return Message(_RTM_NEWROUTE, _CREATE | _EXCL, payload)


def add_default_route(index: int, gateway: str, source: str) -> Message:
    """Route everything else through `gateway`, sent from `source`."""
    payload = _ROUTE.pack(
        socket.AF_INET, 0, 0, 0, _RT_TABLE_MAIN, _RTPROT_STATIC, _SCOPE_UNIVERSE, _RTN_UNICAST, 0
    )
    payload += _attribute(_RTA_GATEWAY, socket.inet_aton(gateway)) + _u32(_RTA_OIF, index)
    payload += _attribute(_RTA_PREFSRC, socket.inet_aton(source))
    return Message(_RTM_NEWROUTE, _CREATE | _REPLACE, payload)


class Netlink:
    """A conversation with the kernel about the network namespace it was opened in."""

    def __init__(self, sock: socket.socket | None = None) -> None:
        """Open a socket in this process's namespace, or take over one opened elsewhere."""
        self._socket = sock or socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._sequence = 0

    def fileno(self) -> int:
        """Descriptor, to be passed to another process."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def execute(self, messages: Sequence[Message]) -> None:
        """Do all messages in order, in one system call there and usually one back.

        Raises:
            OSError: the first message the kernel refused; those after it may have been done.
        """
        self._socket.send(batch(messages, self._sequence))
        self._sequence += len(messages)
        failure, answered = 0, 0
        while answered < len(messages):
            for kind, payload in _split(self._socket.recv(65536)):
                if kind == _NLMSG_ERROR:
                    answered += 1
                    failure = failure or -int.from_bytes(payload[:4], "little", signed=True)
        if failure:
            raise OSError(failure, os.strerror(failure))

    def links(self) -> list[Link]:
        """Every interface of the namespace."""
        found = []
        for payload in self._dump(_RTM_GETLINK, _IFINFO.pack(0, 0, 0, 0, 0)):
            _, _, index, flags, _ = _IFINFO.unpack_from(payload)
            attributes = _attributes(payload[_IFINFO.size :])
            name = attributes[_IFLA_IFNAME].rstrip(b"\0").decode()
            found.append(Link(index, name, _number(attributes[_IFLA_MTU]), bool(flags & _IFF_UP)))
        return found

    def addresses(self) -> list[str]:
        """Every IPv4 address of the namespace."""
        found = []
        for payload in self._dump(_RTM_GETADDR, _IFADDR.pack(socket.AF_INET, 0, 0, 0, 0)):
            attributes = _attributes(payload[_IFADDR.size :])
            raw = attributes.get(_IFA_LOCAL) or attributes[_IFA_ADDRESS]
            found.append(socket.inet_ntoa(raw))
        return found

    def routes(self) -> list[Route]:
        """Every IPv4 route of the namespace that leads to an interface."""
        found = []
        for payload in self._dump(_RTM_GETROUTE, _ROUTE.pack(socket.AF_INET, *[0] * 8)):
            fields = _ROUTE.unpack_from(payload)
            attributes = _attributes(payload[_ROUTE.size :])
            if _RTA_OIF in attributes:
                destination = socket.inet_ntoa(attributes.get(_RTA_DST, bytes(4)))
                found.append(Route(destination, fields[1], _number(attributes[_RTA_OIF]), fields[4]))
        return found

    def _dump(self, kind: int, payload: bytes) -> Iterator[bytes]:
        self._sequence += 1
        self._socket.send(_packet(Message(kind, _DUMP, payload), _REQUEST, self._sequence))
        while True:
            for answer, body in _split(self._socket.recv(1 << 18)):
                if answer == _NLMSG_DONE:
                    return
                if answer == _NLMSG_ERROR:
                    number = -int.from_bytes(body[:4], "little", signed=True)
                    raise OSError(number, os.strerror(number))
                yield body


def batch(messages: Sequence[Message], sequence: int = 0) -> bytes:
    """Requests that are done in order, each with an answer."""
    numbered = enumerate(messages, sequence + 1)
    return b"".join(_packet(message, _REQUEST | _ACK, number) for number, message in numbered)


def index_of(links: Sequence[Link], name: str) -> int | None:
    """Number of the interface called `name`; None when there is none."""
    return next((link.index for link in links if link.name == name), None)


def _packet(message: Message, flags: int, sequence: int) -> bytes:
    length = _HEADER.size + len(message.payload)
    return _HEADER.pack(length, message.kind, message.flags | flags, sequence, 0) + message.payload


def _split(data: bytes) -> Iterator[tuple[int, bytes]]:
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, kind, _, _, _ = _HEADER.unpack_from(data, offset)
        yield kind, data[offset + _HEADER.size : offset + length]
        offset += (length + 3) & ~3


def _attribute(kind: int, value: bytes) -> bytes:
    length = 4 + len(value)
    return struct.pack("=HH", length, kind) + value + bytes(-length % 4)


def _nest(kind: int, value: bytes) -> bytes:
    return _attribute(kind | _NESTED, value)


def _text(kind: int, value: str) -> bytes:
    return _attribute(kind, value.encode() + b"\0")


def _u32(kind: int, value: int) -> bytes:
    return _attribute(kind, struct.pack("=I", value))


def _number(raw: bytes) -> int:
    return int.from_bytes(raw[:4], "little")


def _attributes(data: bytes) -> dict[int, bytes]:
    found = {}
    offset = 0
    while offset + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, offset)
        if length < 4:
            break
        found[kind & 0x3FFF] = data[offset + 4 : offset + length]
        offset += (length + 3) & ~3
    return found
