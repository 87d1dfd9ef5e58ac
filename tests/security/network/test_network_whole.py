"""The same with real sandboxes: the launcher, its links and a program inside."""

from __future__ import annotations

from pathlib import Path

import pytest
from sandboxed import WAYS, try_from_a_sandbox
from world import HOST, HOST_OTHER, HOST_V6, INTERNET, INTERNET_V6, METADATA, World

pytestmark = pytest.mark.root

OTHERS = ("169.254.128.1", "169.254.128.2", "169.254.128.3", "169.254.128.4")
ADDRESSES = (INTERNET, HOST, HOST_OTHER, HOST_V6, INTERNET_V6, "127.0.0.1", *METADATA, *OTHERS)


@pytest.mark.parametrize("way", WAYS)
def test_a_function_reaches_the_internet_and_nothing_else(world: World, tmp_path: Path, way: str) -> None:
    told = try_from_a_sandbox(world, tmp_path, WAYS[way], "on", ADDRESSES)
    assert told["findings"]["outbound network"] is True
    tcp = told["reached"]["tcp"]
    assert tcp.pop(INTERNET) == f"internet ::ffff:{HOST}"
    assert {address for address, answer in tcp.items() if not answer.startswith("no: ")} == set()
    assert told["dns"] == {"udp": "noitseuq", "tcp": "noitseuq"}
    assert "nameserver 169.254.127.1\n" in told["resolv.conf"]


@pytest.mark.parametrize("way", WAYS)
def test_with_outbound_switched_off_there_is_no_link_at_all(world: World, tmp_path: Path, way: str) -> None:
    told = try_from_a_sandbox(world, tmp_path, WAYS[way], "off", ADDRESSES)
    assert "outbound network" not in told["findings"]
    assert told["interfaces"] == "[(1, 'lo')]\n"
    assert [a for a in told["reached"]["tcp"].values() if not a.startswith("no: ")] == []
    assert "lmb" not in world.in_host("ip", "link")
