"""The router's one process: it relays DNS, and under pasta keeps the list of the host's addresses.

It lives as long as the launcher holds the other end of its pipe, so a launcher that was killed takes
keeper, pasta, router and every link with it.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from typing import NoReturn

from lambdad.worker.sandbox.network import netlink, nft, rules
from lambdad.worker.sandbox.network.relay import Relay
from lambdad.worker.sandbox.network.router import Router

_NOBODY = 65_534
_TICK_S = 1.0


def start_keeper(router: Router, pasta: Sequence[str] | None) -> tuple[int, int]:
    """Fork the keeper.

    Args:
        router: what it keeps.
        pasta: command line that joins the router to the host, to be run by the keeper; None when a veth
            pair does, in which case the keeper gives up root.

    Returns:
        its process id, and the descriptor to close when it shall end.
    """
    life_read, life_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            _keep_only((router.netns, router.dns_udp.fileno(), router.dns_tcp.fileno(), life_read))
            _run(router, pasta, life_read)
        finally:
            os._exit(1)
    os.close(life_read)
    return pid, life_write


class _Over(Exception):
    """The launcher let go."""


def _run(router: Router, pasta: Sequence[str] | None, life: int) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    selector = selectors.DefaultSelector()
    selector.register(life, selectors.EVENT_READ, _end)
    if pasta is None:
        _give_up_root()
        _serve(selector, router)
        return
    _watch_addresses(selector, router.netns)
    quiet = subprocess.DEVNULL  # it speaks of the missing syslog and of resolvers it is not asked for
    child = subprocess.Popen(pasta, stdin=quiet, stdout=quiet, stderr=quiet, pass_fds=(router.netns,))
    try:
        _serve(selector, router)
    finally:  # also when the rules could not be kept up to date: then rather no network
        child.kill()
        child.wait()


def _serve(selector: selectors.BaseSelector, router: Router) -> None:
    relay = Relay(selector, router.dns_udp, router.dns_tcp)
    with contextlib.suppress(_Over):
        while True:
            for key, _ in selector.select(_TICK_S):
                key.data()
            relay.give_up_waiting(time.monotonic())


def _end() -> NoReturn:
    raise _Over


def _watch_addresses(selector: selectors.BaseSelector, router_netns: int) -> None:
    """Tell the router about the host's addresses now and on every change."""
    changes = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    changes.bind((0, netlink.GROUP_IPV4_ADDRESSES))
    changes.setblocking(False)

    def refresh() -> None:
        with contextlib.suppress(OSError):  # also ENOBUFS: changes were lost, which is a change too
            while changes.recv(65536):
                pass
        publish_host_addresses(router_netns)

    selector.register(changes, selectors.EVENT_READ, refresh)
    refresh()


def publish_host_addresses(router_netns: int) -> None:
    """Write the addresses of this process's namespace into the router's set.

    Raises:
        OutboundUnavailable: nft refused.
    """
    kernel = netlink.Netlink()
    try:
        nft.apply(rules.host_address_rules(kernel.addresses()), netns=router_netns)
    finally:
        kernel.close()


def _keep_only(descriptors: tuple[int, ...]) -> None:
    start = 3
    for descriptor in sorted(descriptors):
        os.closerange(start, descriptor)
        start = descriptor + 1
    os.closerange(start, 1 << 20)


def _give_up_root() -> None:
    os.setgroups([])
    os.setresgid(_NOBODY, _NOBODY, _NOBODY)
    os.setresuid(_NOBODY, _NOBODY, _NOBODY)
