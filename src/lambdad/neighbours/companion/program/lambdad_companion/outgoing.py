"""Where the companion may connect to: not to this host, whatever a subscription or an integration names.

Functions reach the internet and never the host; what they may ask of SNS, EventBridge or API Gateway
(endpoints of HTTP) must not reach further. The hook is the interpreter's own and cannot be taken off.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from typing import Any, Final

_ANY_PORT: Final = 9


class Refused(PermissionError):
    """An address that the companion may not connect to."""


def limit(door: int, *, outbound: bool) -> None:
    """Let connections go to the server's door and, if functions may go there, to the internet.

    Args:
        door: port of the door on loopback.
        outbound: whether functions reach the internet.
    """

    def look(event: str, arguments: Any) -> None:
        if event == "socket.connect":
            connection, address = arguments
            if not allowed(connection.family, connection.type, address, door, outbound=outbound):
                raise Refused(f"the companion may not connect to {address}")

    sys.addaudithook(look)


def allowed(family: int, kind: int, address: Any, door: int, *, outbound: bool) -> bool:
    """Whether a connection may be made."""
    if family not in (socket.AF_INET, socket.AF_INET6) or not isinstance(address, tuple):
        return False
    try:
        host = ipaddress.ip_address(str(address[0]).partition("%")[0])
    except ValueError:
        return False  # a name: whoever connects has looked it up before
    if (str(host), address[1]) == ("127.0.0.1", door):
        return True
    if kind & socket.SOCK_DGRAM:
        return bool(address[1] == _ANY_PORT)  # sends nothing: see `_is_ours`
    mapped = getattr(host, "ipv4_mapped", None)
    return outbound and is_elsewhere(mapped or host) and not _is_ours(mapped or host)


def is_elsewhere(host: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is none that stands for this host or its surroundings alone."""
    return not (host.is_loopback or host.is_link_local or host.is_multicast or host.is_unspecified)


def _is_ours(host: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is one of this host's: then it is the one that would be spoken from, too."""
    family = socket.AF_INET if host.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(host), _ANY_PORT))
            return bool(probe.getsockname()[0] == str(host))
    except OSError:
        return False  # there is no way there at all
