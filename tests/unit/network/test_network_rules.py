from __future__ import annotations

import re

from lambdad.worker.sandbox.network import rules
from lambdad.worker.sandbox.network.addresses import UplinkAddresses
from lambdad.worker.sandbox.network.links import resolver_lines

UPLINK = UplinkAddresses("169.254.160.0", "169.254.160.1")


def test_refusals_stand_before_connection_tracking_and_address_translation() -> None:
    for text in (rules.router_rules(), rules.host_rules("x", "lmbx", UPLINK, ["eth0"])):
        [priority] = re.findall(r"hook prerouting priority (-?\d+)", text)
        assert int(priority) < -300


def test_host_table_is_named_for_its_server() -> None:
    assert "table inet lambdad_abc {" in rules.host_rules("abc", "lmbabc", UPLINK, [])


def test_borrowed_interfaces_are_remembered_in_the_table() -> None:
    text = rules.host_rules("abc", "lmbabc", UPLINK, ["eth0", "wlan0"])
    assert 'elements = { "eth0", "wlan0" }' in text
    assert "elements" not in rules.host_rules("abc", "lmbabc", UPLINK, [])


def test_host_addresses_are_replaced_as_a_whole() -> None:
    text = rules.host_address_rules(["192.0.2.2", "10.0.0.1", "10.0.0.1"])
    assert text.splitlines() == [
        "flush set inet lambdad host_addresses",
        "add element inet lambdad host_addresses { 10.0.0.1, 192.0.2.2 }",
    ]
    assert rules.host_address_rules([]) == "flush set inet lambdad host_addresses\n"


def test_resolver_of_a_sandbox_is_the_router_whatever_the_host_uses() -> None:
    assert resolver_lines()[0] == "nameserver 169.254.127.1"
