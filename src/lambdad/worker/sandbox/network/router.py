"""Makes the router: a network namespace that nobody lives in, held by descriptors.

A child forked for the purpose goes there, sets it up and sends back what the launcher works with; the
launcher itself never leaves the host's namespace (an unprivileged one could not return).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import socket
from dataclasses import dataclass
from typing import NoReturn

from lambdad.worker.sandbox.network import netlink, nft, rules
from lambdad.worker.sandbox.network.addresses import ROUTER_ADDRESS
from lambdad.worker.sandbox.network.failure import OutboundUnavailable

_CLONE_NEWNET = 0x40000000
_LOOPBACK_INDEX = 1
_DNS_PORT = 53
_BACKLOG = 64


@dataclass(frozen=True, slots=True)
class Router:
    """The router's namespace as seen from the launcher.

    Attributes:
        netns: descriptor that keeps the namespace alive.
        kernel: configures it.
        dns_udp: bound to the router's port 53.
        dns_tcp: listens there.
    """

    netns: int
    kernel: netlink.Netlink
    dns_udp: socket.socket
    dns_tcp: socket.socket

    def close(self) -> None:
        """Let go; without sandboxes and helpers the kernel then removes the namespace and its links."""
        self.kernel.close()
        self.dns_udp.close()
        self.dns_tcp.close()
        os.close(self.netns)


def make_router() -> Router:
    """Make the namespace with its rules and without an uplink.

    Raises:
        OutboundUnavailable: network namespaces or nftables are not to be had.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            child = os.fork()
            if child == 0:
                _build_and_send(theirs)
        answer, descriptors, _, _ = socket.recv_fds(ours, 4096, 4)
        os.waitpid(child, 0)
    if len(descriptors) != 4:
        failure = json.loads(answer or b'{"detail": "the router\'s maker died", "remedy": "see the log"}')
        raise OutboundUnavailable(failure["detail"], failure["remedy"])
    netns, kernel, udp, tcp = descriptors
    router = Router(
        netns,
        netlink.Netlink(socket.socket(fileno=kernel)),
        socket.socket(fileno=udp),
        socket.socket(fileno=tcp),
    )
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    return router


def _build_and_send(to: socket.socket) -> NoReturn:
    """The child: never returns, whatever happens."""
    try:
        try:
            _build(to)
        except OutboundUnavailable as failure:
            to.send(json.dumps({"detail": failure.detail, "remedy": failure.remedy}).encode())
        except OSError as failure:
            remedy = "allow network namespaces (CAP_SYS_ADMIN, or unprivileged user namespaces)"
            to.send(json.dumps({"detail": f"no router namespace: {failure}", "remedy": remedy}).encode())
    finally:
        os._exit(0)


def _build(to: socket.socket) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    kernel = netlink.Netlink()
    kernel.execute(
        (netlink.add_address(_LOOPBACK_INDEX, ROUTER_ADDRESS, 32), netlink.set_up(_LOOPBACK_INDEX))
    )
    nft.apply(rules.router_rules())
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((ROUTER_ADDRESS, _DNS_PORT))
    tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    tcp.bind((ROUTER_ADDRESS, _DNS_PORT))
    tcp.listen(_BACKLOG)
    netns = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    socket.send_fds(to, [b"{}"], [netns, kernel.fileno(), udp.fileno(), tcp.fileno()])


def reap(pid: int) -> None:
    """Collect a child that ended."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)
