"""With outbound network on, nothing of the host is reached over IPv6 in any of its spellings."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from sandboxed import WAYS, try_from_a_sandbox
from world import GATEWAY, HOST, World

pytestmark = pytest.mark.root

GLOBAL, LINK_LOCAL = "2001:db8:77::2", "fe80::77"
_HOST_NUMBER = int(ipaddress.IPv4Address(HOST))
NAT64 = str(ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) | _HOST_NUMBER))
SIX_TO_FOUR = str(ipaddress.IPv6Address(int(ipaddress.IPv6Address("2002::")) | _HOST_NUMBER << 80))
MAPPED_HOST, MAPPED_GATEWAY = f"::ffff:{HOST}", f"::ffff:{GATEWAY}"
MAPPED = (MAPPED_HOST, "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:0.0.0.0")


@pytest.fixture
def addresses(world: World) -> tuple[str, ...]:
    """Every way to write an address of the host; each that can be is shown to be answered on the host."""
    for address in (GLOBAL, LINK_LOCAL, NAT64, SIX_TO_FOUR):
        world.in_host("ip", "addr", "add", f"{address}/64", "dev", "wan0", "nodad")
    on_host = world.host_reach(
        GLOBAL, NAT64, SIX_TO_FOUR, f"{LINK_LOCAL}%wan0", MAPPED_HOST, "::ffff:127.0.0.1", "::1"
    )
    assert [answer for answer in on_host["tcp"].values() if not answer.startswith("host ")] == []
    scoped = tuple(
        f"{address}%{link}" for address in (LINK_LOCAL, "fe80::1", "ff02::1") for link in ("eth0", "lo")
    )
    return (GLOBAL, NAT64, SIX_TO_FOUR, LINK_LOCAL, *scoped, *MAPPED, "::1", "::")


@pytest.mark.parametrize("way", WAYS)
def test_no_spelling_of_the_host_is_reached(
    world: World, tmp_path: Path, addresses: tuple[str, ...], way: str
) -> None:
    told = try_from_a_sandbox(world, tmp_path, WAYS[way], "on", (*addresses, MAPPED_GATEWAY))
    assert told["findings"]["outbound network"] is True
    tcp, udp = told["reached"]["tcp"], told["reached"]["udp"]
    # Mapped addresses do work: as the IPv4 they are, to a neighbour on the way to the internet.
    assert tcp.pop(MAPPED_GATEWAY) == udp.pop(MAPPED_GATEWAY) == f"internet ::ffff:{HOST}"
    assert set(tcp) == set(udp) == set(addresses)
    assert {address: answer for address, answer in (tcp | udp).items() if not answer.startswith("no: ")} == {}
    assert {address: answer for address, answer in udp.items() if not answer.startswith("no: ")} == {}
    assert told["interfaces"] == "[(1, 'lo'), (2, 'eth0')]\n"
