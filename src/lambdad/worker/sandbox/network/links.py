"""The launcher's front to the network: opened once, one `attach` per sandbox, closed at the end.

Synchronous and for a single-threaded process in the host's network namespace. Opening runs `nft` a few
times (some 10 ms each); attaching costs three netlink messages.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from dataclasses import dataclass, field

from lambdad.worker.sandbox.network import netlink
from lambdad.worker.sandbox.network.addresses import (
    INTERFACE,
    MAX_LINKS,
    ROUTER_ADDRESS,
    LinkAddress,
    sandbox_address,
)
from lambdad.worker.sandbox.network.failure import OutboundUnavailable
from lambdad.worker.sandbox.network.keeper import start_keeper
from lambdad.worker.sandbox.network.router import Router, make_router, reap
from lambdad.worker.sandbox.network.turn import turn
from lambdad.worker.sandbox.network.uplink import (
    NotPermitted,
    UplinkKind,
    VethUplink,
    await_pasta,
    host_refuses_to_forward,
    make_veth_uplink,
    pasta_command,
    remove_veth_uplink,
    sweep_veth_uplinks,
)

_FIRST_INTERFACE = 1_000  # numbers of links in the router; below are lo and the uplink
_LAST_INTERFACE = 1 << 30
_DEFAULT_MTU = 1_500


def resolver_lines() -> tuple[str, ...]:
    """Lines of a sandbox's /etc/resolv.conf: the router answers, whatever the host's resolver is."""
    return (f"nameserver {ROUTER_ADDRESS}", "options timeout:2 attempts:3")


def sweep() -> list[str]:
    """Remove what killed servers left in this namespace; returns the names of the tables removed.

    An ordinary user leaves nothing here that would have to be removed.
    """
    try:
        with turn():
            return sweep_veth_uplinks()
    except (OutboundUnavailable, PermissionError):
        return []


@dataclass(slots=True)
class Links:
    """The outbound network of one server's sandboxes.

    Attributes:
        kind: how it is joined to the host.
    """

    kind: UplinkKind
    _router: Router
    _keeper: int
    _life: int
    _uplink: VethUplink | None
    _next: int = field(default=_FIRST_INTERFACE)

    @staticmethod
    def open(kind: UplinkKind | None = None) -> Links:
        """Set up the shared pieces: router, uplink, rules, DNS.

        Args:
            kind: None takes veth where it is permitted and the host forwards, else pasta.

        Raises:
            OutboundUnavailable: this host gives sandboxes no network; says why and what to do.
        """
        with contextlib.ExitStack() as undo:
            router = make_router()
            undo.callback(router.close)
            uplink = _veth_if_it_works(router, kind)
            if uplink is not None:
                undo.callback(remove_veth_uplink, uplink)
            pasta = None if uplink else pasta_command(router.netns)
            keeper, life = start_keeper(router, pasta)
            undo.pop_all()
        links = Links(UplinkKind.VETH if uplink else UplinkKind.PASTA, router, keeper, life, uplink)
        if uplink is None:
            try:
                await_pasta(router)
            except BaseException:
                links.close()
                raise
        return links

    def attach(self, pid: int, sandbox_index: int) -> LinkAddress:
        """Give the network namespace of `pid` a link; `inside.configure` finishes it in there.

        Args:
            pid: a process in the new namespace, waiting.
            sandbox_index: suggests the address; the next free one is taken.

        Raises:
            OSError: the kernel refused, or `addresses.MAX_LINKS` sandboxes are alive.
        """
        mtu = self._uplink.mtu if self._uplink else _DEFAULT_MTU
        index = self._number()
        netns = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            cable = netlink.add_veth(f"s{index}", index, INTERFACE, netns, mtu)
            self._router.kernel.execute((cable, netlink.forward_strictly(index)))
        finally:
            os.close(netns)
        return LinkAddress(self._route(index, sandbox_index), mtu=mtu)

    def _route(self, index: int, suggestion: int) -> str:
        """Route the first free address from the suggested one on; the kernel knows which are taken."""
        for number in range(suggestion, suggestion + MAX_LINKS):
            address = sandbox_address(number)
            try:
                self._router.kernel.execute((netlink.add_route(index, address, source=ROUTER_ADDRESS),))
            except FileExistsError:
                continue
            return address
        raise OSError(errno.EADDRNOTAVAIL, "every address for sandboxes is taken")

    def close(self) -> None:
        """Take everything down; sandboxes that still run lose their way out."""
        os.close(self._life)
        reap(self._keeper)
        self._router.close()
        if self._uplink is not None:
            with turn():
                remove_veth_uplink(self._uplink)

    def _number(self) -> int:
        """A number no link had before: a dying link keeps its own for some milliseconds."""
        number = self._next
        self._next = number + 1 if number < _LAST_INTERFACE else _FIRST_INTERFACE
        return number


def _veth_if_it_works(router: Router, kind: UplinkKind | None) -> VethUplink | None:
    if kind is UplinkKind.PASTA:
        return None
    instance = secrets.token_hex(4)
    refusing = _refusing_table()
    if refusing is not None and kind is None:
        try:
            pasta_command(router.netns)
        except OutboundUnavailable as missing:
            detail = f"the host's firewall (table {refusing}) forwards nothing, and {missing.detail}"
            raise OutboundUnavailable(detail, missing.remedy) from missing
        return None
    try:
        with turn():
            return make_veth_uplink(router, instance)
    except NotPermitted as refusal:
        if kind is UplinkKind.VETH:
            remedy = "run as root, or let pasta do it (apt-get install passt)"
            raise OutboundUnavailable("no right to change the host's network", remedy) from refusal
        return None


def _refusing_table() -> str | None:
    try:
        return host_refuses_to_forward()
    except OutboundUnavailable:  # no right to look, so none to cable either
        return None
