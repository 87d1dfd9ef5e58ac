"""What a sandbox reaches and what it does not, each time with proof that somebody would have answered."""

from __future__ import annotations

import sys
import time

import pytest
from world import (
    GATEWAY,
    HERE,
    HOST,
    HOST_OTHER,
    HOST_V6,
    INTERNET,
    INTERNET_V6,
    METADATA,
    Way,
    World,
)

pytestmark = pytest.mark.root

ROUTER = "169.254.127.1"
UPLINK = ("169.254.160.0", "169.254.160.1")


def _none_answered(answers: dict[str, dict[str, str]]) -> None:
    for protocol, by_address in answers.items():
        for address, answer in by_address.items():
            assert answer.startswith("no: "), f"{address} answered over {protocol}: {answer}"


def test_sandbox_reaches_the_internet_under_the_hosts_address(way: Way) -> None:
    sandbox, _ = way.sandbox()
    answers = sandbox.reach(INTERNET, GATEWAY)
    assert answers["tcp"][INTERNET] == f"internet ::ffff:{HOST}"
    assert answers["udp"][GATEWAY] == f"internet ::ffff:{HOST}"


def test_sandbox_reaches_no_address_of_the_host(way: Way) -> None:
    world = way.world
    sandbox, link = way.sandbox()
    mine = (HOST, HOST_OTHER, HOST_V6)
    assert set(world.host_reach(*mine, "127.0.0.1")["tcp"].values()) == {
        f"host ::ffff:{HOST}",
        f"host ::ffff:{HOST_OTHER}",
        f"host {HOST_V6}",
        "host ::ffff:127.0.0.1",
    }
    _none_answered(sandbox.reach(*mine, "127.0.0.1", "127.1.2.3", "0.0.0.0", "::1", link["gateway"], *UPLINK))


def test_sandbox_does_not_reach_an_address_the_host_gains_later(way: Way) -> None:
    world = way.world
    sandbox, _ = way.sandbox()
    assert sandbox.reach(INTERNET)["tcp"][INTERNET].startswith("internet")
    world.in_host("ip", "addr", "add", "10.99.0.1/24", "dev", "other0")
    time.sleep(0.2)  # under pasta the list of the host's addresses follows the kernel's notice
    assert world.host_reach("10.99.0.1")["tcp"]["10.99.0.1"].startswith("host")
    _none_answered(sandbox.reach("10.99.0.1"))
    assert sandbox.reach(INTERNET)["tcp"][INTERNET].startswith("internet")


def test_sandbox_reaches_neither_metadata_nor_link_local_addresses(way: Way) -> None:
    world = way.world
    sandbox, _ = way.sandbox()
    reachable_from_host = world.host_reach(*METADATA)["tcp"]
    assert all(answer.startswith("internet") for answer in reachable_from_host.values())
    _none_answered(sandbox.reach(*METADATA, "224.0.0.1", "255.255.255.255", "203.0.113.255"))


def test_sandboxes_do_not_reach_each_other(way: Way) -> None:
    world = way.world
    one, one_link = way.sandbox()
    other, other_link = way.sandbox()
    world.serve(("nsenter", f"--net=/proc/{other.pid}/ns/net", "--preserve-credentials"), "other")
    assert other.reach(other_link["address"])["tcp"][other_link["address"]].startswith("other")
    assert one_link["address"] != other_link["address"]
    _none_answered(one.reach(other_link["address"]))
    _none_answered(world.host_reach(other_link["address"]))


def test_sandbox_has_no_ipv6_at_all(way: Way) -> None:
    world = way.world
    sandbox, _ = way.sandbox()
    assert world.host_reach(INTERNET_V6)["tcp"][INTERNET_V6].startswith("internet")
    _none_answered(sandbox.reach(INTERNET_V6))
    assert "inet6" not in sandbox.run("ip", "addr", "show", "dev", "eth0")


def test_names_resolve_though_the_hosts_resolver_is_on_its_loopback(way: Way) -> None:
    sandbox, _ = way.sandbox()
    answer = sandbox.run(sys.executable, str(HERE / "peer.py"), "dns", ROUTER)
    assert answer == '{"udp": "noitseuq", "tcp": "noitseuq"}\n'


def test_two_servers_on_one_host_do_not_disturb_each_other(world: World) -> None:
    first, second = world.launcher(), world.launcher()
    assert first.tell("open", None) == second.tell("open", None) == "veth"
    one, _ = world.sandbox(first)
    other, other_link = world.sandbox(second)
    world.serve(("nsenter", f"--net=/proc/{other.pid}/ns/net"), "other")
    _none_answered(one.reach(other_link["address"], "169.254.160.2", "169.254.160.3"))
    assert first.tell("close") is None
    assert other.reach(INTERNET)["tcp"][INTERNET].startswith("internet")
    _none_answered(other.reach(HOST))


def test_servers_that_start_and_stop_at_once_do_not_take_each_others_address(world: World) -> None:
    launchers = [world.launcher() for _ in range(6)]
    for launcher in launchers:
        launcher.say("sweep")
        launcher.say("open", None)
    assert [launcher.hear() for launcher in launchers for _ in range(2)] == [[], "veth"] * 6
    uplinks = [
        line.split()[2] for line in world.in_host("ip", "-brief", "addr").splitlines() if "lmb" in line
    ]
    assert len(set(uplinks)) == 6
    for launcher in launchers[1:]:
        launcher.say("close")
    assert [launcher.hear() for launcher in launchers[1:]] == [None] * 5
    sandbox, _ = world.sandbox(launchers[0])
    assert sandbox.reach(INTERNET)["tcp"][INTERNET].startswith("internet")


def test_without_a_link_there_is_no_way_out_and_no_interface(world: World) -> None:
    world.launcher().tell("open", None)
    sandbox = world.bare_sandbox()
    _none_answered(sandbox.reach(INTERNET, HOST, ROUTER))
    assert len(sandbox.run("ip", "-oneline", "link").splitlines()) == 1
