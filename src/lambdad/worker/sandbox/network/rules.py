"""The packet filter, as text for `nft`; pure.

Two tables, each complete on its own ground. Every refusal stands in a `prerouting` chain before
connection tracking and before anybody's address translation (priority -350), so no rule of the user's can
accept or redirect a packet first; a verdict of "drop" is final in nftables whatever other tables say.
"""

from __future__ import annotations

from collections.abc import Sequence

from lambdad.worker.sandbox.network.addresses import ROUTER_ADDRESS, UplinkAddresses

TABLE_PREFIX = "lambdad_"
"""Every table of lambdad's in the host begins with this."""
LENT_FORWARDING = "lent_forwarding"
"""Name of the set that remembers which interfaces did not forward before lambdad came."""
HOST_ADDRESSES = "host_addresses"
"""Name of the router's set of addresses that belong to the host."""

_EARLY = -350  # before raw (-300), connection tracking (-200) and destination NAT (-100)

_UNREACHABLE = (
    "0.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",  # other sandboxes, uplinks, metadata, link-local
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, and broadcast
)


def router_rules() -> str:
    """Rules inside the router: what sandboxes may reach at all. Their links are called ``s<number>``."""
    unreachable = ", ".join(_UNREACHABLE)
    return f"""
table inet lambdad {{
  set {HOST_ADDRESSES} {{
    type ipv4_addr
  }}
  chain prerouting {{
    type filter hook prerouting priority {_EARLY}; policy accept;
    meta nfproto ipv6 drop
    iifname "s*" ip daddr {ROUTER_ADDRESS} udp dport 53 accept
    iifname "s*" ip daddr {ROUTER_ADDRESS} tcp dport 53 accept
    iifname "s*" ip daddr {{ {unreachable} }} drop
    iifname "s*" ip daddr @{HOST_ADDRESSES} drop
    iifname "s*" fib daddr type != unicast drop
  }}
  chain input {{
    type filter hook input priority {_EARLY}; policy drop;
    iifname "lo" accept
    iifname "s*" udp dport 53 accept
    iifname "s*" tcp dport 53 accept
    iifname "uplink" ct state established,related accept
  }}
  chain forward {{
    type filter hook forward priority 0; policy drop;
    iifname "s*" oifname "uplink" accept
    iifname "uplink" oifname "s*" ct state established,related accept
  }}
  chain output {{
    type filter hook output priority {_EARLY}; policy accept;
    meta nfproto ipv6 drop
  }}
  chain postrouting {{
    type nat hook postrouting priority 100; policy accept;
    oifname "uplink" masquerade
  }}
}}
"""


def host_address_rules(addresses: Sequence[str]) -> str:
    """Replace what the router knows about the host's own addresses."""
    elements = ", ".join(sorted(set(addresses)))
    rules = f"flush set inet lambdad {HOST_ADDRESSES}\n"
    if elements:
        rules += f"add element inet lambdad {HOST_ADDRESSES} {{ {elements} }}\n"
    return rules


def host_rules(instance: str, uplink: str, addresses: UplinkAddresses, lent: Sequence[str]) -> str:
    """Rules in the host for one server: what may come out of its uplink, and nothing else new.

    Args:
        instance: names the table.
        uplink: the host's end of the cable to the router.
        addresses: both ends' addresses.
        lent: interfaces that forward only because lambdad needs answers to come back through them; what
            others begin there goes nowhere (except through ports that a container engine publishes).
    """
    elements = f"elements = {{ {', '.join(quoted(name) for name in lent)} }}" if lent else ""
    unreachable = ", ".join(_UNREACHABLE)
    return f"""
table inet {TABLE_PREFIX}{instance} {{
  set {LENT_FORWARDING} {{
    type ifname
    {elements}
  }}
  chain prerouting {{
    type filter hook prerouting priority {_EARLY}; policy accept;
    iifname "{uplink}" meta nfproto != ipv4 drop
    iifname "{uplink}" ip saddr != {addresses.router} drop
    iifname "{uplink}" ip daddr {{ {unreachable} }} drop
    iifname "{uplink}" fib daddr type != unicast drop
  }}
  chain input {{
    type filter hook input priority {_EARLY}; policy accept;
    iifname "{uplink}" drop
  }}
  chain forward {{
    type filter hook forward priority {_EARLY}; policy accept;
    iifname "{uplink}" accept
    oifname "{uplink}" ct state established,related accept
    oifname "{uplink}" drop
    iifname @{LENT_FORWARDING} ct state new ct status ! dnat drop
  }}
  chain postrouting {{
    type nat hook postrouting priority 100; policy accept;
    ip saddr {addresses.router} masquerade
  }}
}}
"""


def quoted(name: str) -> str:
    """An interface name as nft reads it."""
    return f'"{name}"'
