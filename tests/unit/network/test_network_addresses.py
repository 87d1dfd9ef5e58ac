from __future__ import annotations

import ipaddress
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.worker.sandbox.network.addresses import (
    MAX_LINKS,
    LinkAddress,
    NoFreeAddress,
    choose_uplink,
    sandbox_address,
)
from lambdad.worker.sandbox.network.netlink import Route

LINK_LOCAL = ipaddress.ip_network("169.254.0.0/16")


def test_no_two_sandboxes_alive_share_an_address() -> None:
    assert len({sandbox_address(index) for index in range(MAX_LINKS)}) == MAX_LINKS
    assert sandbox_address(MAX_LINKS) == sandbox_address(0)


@given(st.integers(0, 10**9))
def test_sandbox_addresses_are_link_local_and_beside_metadata_and_listeners(index: int) -> None:
    address = ipaddress.ip_address(sandbox_address(index))
    assert address in LINK_LOCAL
    for reserved in ("169.254.100.0/24", "169.254.127.0/24", "169.254.160.0/21", "169.254.168.0/22"):
        assert address not in ipaddress.ip_network(reserved)


def test_link_survives_json() -> None:
    link = LinkAddress("169.254.128.9", mtu=1400)
    assert LinkAddress.from_json(json.loads(json.dumps(link.to_json()))) == link


def test_first_server_takes_the_first_uplink_and_the_second_the_next() -> None:
    first = choose_uplink([], ["127.0.0.1", "192.0.2.1"])
    assert (first.host, first.router) == ("169.254.160.0", "169.254.160.1")
    second = choose_uplink([Route("169.254.160.0", 31, 7, 254)], [first.host])
    assert (second.host, second.router) == ("169.254.160.2", "169.254.160.3")


@pytest.mark.parametrize(
    ("route", "host"),
    [
        (Route("169.254.160.4", 32, 3, 254), "169.254.160.0"),
        (Route("169.254.160.0", 24, 3, 254), "169.254.161.0"),
        (Route("169.254.160.1", 32, 3, 255), "169.254.160.2"),
        (Route("169.254.0.0", 16, 3, 254), "169.254.160.0"),
        (Route("0.0.0.0", 0, 3, 254), "169.254.160.0"),
    ],
)
def test_uplink_avoids_what_a_route_uses_unless_the_route_is_for_the_whole_range(
    route: Route, host: str
) -> None:
    assert choose_uplink([route], []).host == host


def test_a_host_that_uses_every_uplink_is_told_so() -> None:
    routes = [Route(f"169.254.{third}.0", 24, 1, 254) for third in range(160, 164)]
    with pytest.raises(NoFreeAddress):
        choose_uplink(routes, [])
