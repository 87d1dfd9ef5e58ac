"""The kernel itself judges the messages: these need nothing but this process's own namespace, read only."""

from __future__ import annotations

import pytest

from lambdad.worker.sandbox.network import netlink


@pytest.fixture
def kernel() -> netlink.Netlink:
    opened = netlink.Netlink()
    yield opened
    opened.close()


def test_the_loopback_is_found_with_name_number_and_size(kernel: netlink.Netlink) -> None:
    [loopback] = [link for link in kernel.links() if link.name == "lo"]
    assert (loopback.index, loopback.mtu) == (1, 65_536)
    assert netlink.index_of(kernel.links(), "lo") == 1
    assert netlink.index_of(kernel.links(), "no such") is None


def test_the_loopbacks_address_and_route_are_listed(kernel: netlink.Netlink) -> None:
    assert "127.0.0.1" in kernel.addresses()
    assert netlink.Route("127.0.0.0", 8, 1, 255) in kernel.routes()


def test_a_refusal_names_its_reason(kernel: netlink.Netlink) -> None:
    with pytest.raises(OSError, match=r"No such device|Operation not permitted"):
        kernel.execute((netlink.set_up(2_000_000_000),))
    assert kernel.links()  # the conversation goes on
