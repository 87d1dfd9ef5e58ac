"""The part that runs in a sandbox's own network namespace, before anything of a user does."""

from __future__ import annotations

import socket

from lambdad.worker.sandbox.network import netlink
from lambdad.worker.sandbox.network.addresses import LinkAddress


def configure(link: LinkAddress) -> None:
    """Give the link its address and the default route; to be called in the sandbox's namespace.

    Needs CAP_NET_ADMIN in it; a function has no capability and cannot change what this set up.

    Raises:
        OSError: the kernel refused, or `Links.attach` was not called before.
    """
    kernel = netlink.Netlink()
    try:
        kernel.execute(messages(link, socket.if_nametoindex(link.interface)))
    finally:
        kernel.close()


def messages(link: LinkAddress, index: int) -> tuple[netlink.Message, ...]:
    """What the kernel is to be told for that, in order; `index` is the link's number in the sandbox."""
    return (
        netlink.forget_ipv6(index),
        netlink.add_address(index, link.address, 32),
        netlink.set_up(index),
        netlink.add_route(index, link.gateway, source=link.address),
        netlink.add_default_route(index, link.gateway, link.address),
    )
