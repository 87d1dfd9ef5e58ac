"""IPv4 forwarding of the host, borrowed per interface and given back.

The kernel asks the interface a packet came *in* by. So the uplink must forward, and so must the interface
by which answers return; the global `ip_forward` is left alone. What was borrowed is remembered in the
server's own packet-filter table, so it survives the server and vanishes with a reboot, as the setting does.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_SETTING = "/proc/sys/net/ipv4/conf/{}/forwarding"


def forwards(interface: str) -> bool:
    """Whether packets that come in by this interface are forwarded."""
    return Path(_SETTING.format(interface)).read_text().strip() == "1"


def switch_on(interface: str) -> None:
    """Forward what comes in by this interface.

    Raises:
        OSError: not allowed (a container with a read-only /proc/sys).
    """
    if not forwards(interface):
        Path(_SETTING.format(interface)).write_text("1")


def switch_off(interfaces: Iterable[str]) -> None:
    """Stop forwarding by these; an interface that is gone needs nothing."""
    for interface in interfaces:
        setting = Path(_SETTING.format(interface))
        if setting.exists():
            setting.write_text("0")


def to_borrow(interfaces: Iterable[str], lent_to_others: Iterable[str]) -> list[str]:
    """Which of these do not forward on their own account: off now, or on only for another server."""
    others = set(lent_to_others)
    return [name for name in interfaces if name in others or not forwards(name)]
