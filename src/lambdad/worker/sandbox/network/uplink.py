"""Joins the router to the host: by a veth pair (root), or by pasta (an ordinary user).

pasta also serves root where the host's own firewall refuses to forward (a container engine, ufw and firewalld
set the forward policy to drop, which no rule of another table can overrule).
"""

from __future__ import annotations

import errno
import shutil
import time
from dataclasses import dataclass
from enum import StrEnum

from lambdad.worker.sandbox.network import forwarding, netlink, nft, rules
from lambdad.worker.sandbox.network.addresses import NoFreeAddress, UplinkAddresses, choose_uplink
from lambdad.worker.sandbox.network.failure import OutboundUnavailable
from lambdad.worker.sandbox.network.router import Router

HOST_PREFIX = "lmb"
"""The host's ends of uplinks are called this and the server's instance."""
_ROUTER_END = "uplink"
_PASTA_ADDRESSES = UplinkAddresses(host="169.254.160.0", router="169.254.160.1")
_PASTA_PATIENCE_S = 5.0
_POLL_S = 0.01
_MAIN_TABLE = 254
_USUAL_MTU = 1500


class UplinkKind(StrEnum):
    """How the router is joined to the host."""

    VETH = "veth"
    PASTA = "pasta"


class NotPermitted(Exception):
    """This process may not change the host's network (an ordinary user, a locked-down container)."""


@dataclass(frozen=True, slots=True)
class VethUplink:
    """A veth pair and the host's table for it.

    Attributes:
        interface: the host's end.
        table: the host's table.
    """

    interface: str
    table: str
    mtu: int


def make_veth_uplink(router: Router, instance: str) -> VethUplink:
    """Cable the router to this process's namespace, with rules and forwarding.

    Raises:
        NotPermitted: no right to; pasta may do.
        OutboundUnavailable: nftables refused.
    """
    host = netlink.Netlink()
    try:
        links, routes = host.links(), host.routes()
        ways_out = {r.interface for r in routes if r.prefix_length == 0 and r.table == _MAIN_TABLE}
        outer = [link for link in links if link.index in ways_out]
        mtu = min([link.mtu for link in outer] + [_USUAL_MTU])
        addresses = _choose(routes, host.addresses())
        interface = HOST_PREFIX + instance
        _cable(host, router, interface, addresses, mtu)
        uplink = VethUplink(interface, rules.TABLE_PREFIX + instance, mtu)
        try:
            _open_host(uplink, instance, addresses, [link.name for link in outer])
        except (OutboundUnavailable, NotPermitted):
            remove_veth_uplink(uplink)
            raise
        return uplink
    finally:
        host.close()


def _choose(routes: list[netlink.Route], taken: list[str]) -> UplinkAddresses:
    try:
        return choose_uplink(routes, taken)
    except NoFreeAddress as full:
        remedy = "stop other lambdad servers, or use pasta (apt-get install passt)"
        raise OutboundUnavailable("every address of 169.254.160.0/22 is in use", remedy) from full


def _cable(
    host: netlink.Netlink, router: Router, interface: str, addresses: UplinkAddresses, mtu: int
) -> None:
    try:
        host.execute((netlink.add_veth(interface, 0, _ROUTER_END, router.netns, mtu, up=False),))
    except OSError as refusal:
        if refusal.errno == errno.EPERM:
            raise NotPermitted from refusal
        raise OutboundUnavailable(f"no veth pair: {refusal}", "use a kernel with veth") from refusal
    outer = netlink.index_of(host.links(), interface)
    inner = netlink.index_of(router.kernel.links(), _ROUTER_END)
    assert outer is not None
    assert inner is not None
    host.execute(
        (
            netlink.forget_ipv6(outer),
            netlink.add_address(outer, addresses.host, 31),
            netlink.set_up(outer),
        )
    )
    router.kernel.execute(
        (
            netlink.forget_ipv6(inner),
            netlink.forward_strictly(inner),
            netlink.add_address(inner, addresses.router, 31),
            netlink.set_up(inner),
            netlink.add_default_route(inner, addresses.host, addresses.router),
        )
    )


def _open_host(uplink: VethUplink, instance: str, addresses: UplinkAddresses, outer: list[str]) -> None:
    """Rules first, forwarding after: nothing is ever forwarded without a filter."""
    lent = forwarding.to_borrow(outer, _lent_to_others(uplink.table))
    nft.apply(rules.host_rules(instance, uplink.interface, addresses, lent))
    try:
        for interface in (uplink.interface, *outer):
            forwarding.switch_on(interface)
    except OSError as refusal:
        raise NotPermitted from refusal


def remove_veth_uplink(uplink: VethUplink) -> None:
    """Remove cable and rules, and give the forwarding back unless another server still needs it."""
    if uplink.table in nft.tables(rules.TABLE_PREFIX):
        lent = set(nft.elements(uplink.table, rules.LENT_FORWARDING))
        forwarding.switch_off(sorted(lent - set(_lent_to_others(uplink.table))))
        nft.delete(uplink.table)
    host = netlink.Netlink()
    try:
        index = netlink.index_of(host.links(), uplink.interface)
        if index is not None:
            host.execute((netlink.delete_link(index),))
    finally:
        host.close()


def sweep_veth_uplinks() -> list[str]:
    """Remove what killed servers left in this namespace: tables whose cable is gone.

    A cable goes with its router, and a router with the server's processes, so a table without a cable has
    no server.

    Returns:
        the tables removed.
    """
    tables = nft.tables(rules.TABLE_PREFIX)  # before the cables: a new server's cable is older than its table
    host = netlink.Netlink()
    try:
        present = {link.name for link in host.links()}
    finally:
        host.close()
    removed = []
    for table in tables:
        interface = HOST_PREFIX + table.removeprefix(rules.TABLE_PREFIX)
        if interface not in present:
            remove_veth_uplink(VethUplink(interface, table, 0))
            removed.append(table)
    return removed


def _lent_to_others(table: str) -> list[str]:
    others = (name for name in nft.tables(rules.TABLE_PREFIX) if name != table)
    return [interface for name in others for interface in nft.elements(name, rules.LENT_FORWARDING)]


def host_refuses_to_forward() -> str | None:
    """Which table of the host drops what it forwards; None when none is known to."""
    for chain in nft.hooked_chains():
        if chain.hook != "forward" or chain.table.startswith(rules.TABLE_PREFIX):
            continue
        if chain.family in {"ip", "inet"} and (chain.policy == "drop" or chain.table == "firewalld"):
            return f"{chain.family} {chain.table}"
    return None


def pasta_command(netns: int) -> list[str]:
    """The command line that joins the router (descriptor `netns`, to be inherited) to this namespace.

    No port of the host is forwarded in either direction, and the gateway address does not stand for the host.

    Raises:
        OutboundUnavailable: pasta is not installed.
    """
    program = shutil.which("pasta")
    if program is None:
        raise OutboundUnavailable("pasta is not installed", "install passt (apt-get install passt)")
    command = [
        program,
        "--foreground",
        "--quiet",
        "--runas",
        "0",
        "--ipv4-only",
        "--config-net",
        "--no-map-gw",
    ]
    command += ["-t", "none", "-u", "none", "-T", "none", "-U", "none"]
    command += ["--no-dhcp", "--no-ra", "--no-ndp", "--no-dhcpv6"]
    command += ["-a", _PASTA_ADDRESSES.router, "-n", "31", "-g", _PASTA_ADDRESSES.host, "-I", _ROUTER_END]
    return [*command, "--netns", f"/proc/self/fd/{netns}"]


def await_pasta(router: Router) -> None:
    """Wait until pasta has configured its end, then let it forward.

    Raises:
        OutboundUnavailable: it did not within 5 s.
    """
    until = time.monotonic() + _PASTA_PATIENCE_S
    while time.monotonic() < until:
        index = netlink.index_of(router.kernel.links(), _ROUTER_END)
        ways_out = [route for route in router.kernel.routes() if route.prefix_length == 0]
        if index is not None and ways_out:
            router.kernel.execute((netlink.forward_strictly(index),))
            return
        time.sleep(_POLL_S)
    raise OutboundUnavailable(
        "pasta did not join the router to the host",
        "make /dev/net/tun usable by this user (chmod 0666 /dev/net/tun) and check that the host has a route",
    )
