"""What the network changes on the host, and that it goes again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from world import HOST, INTERNET, World

pytestmark = pytest.mark.root


def _state(world: World) -> tuple[str, ...]:
    forwarding = world.in_host(
        "sh", "-c", "grep . /proc/sys/net/ipv4/conf/*/forwarding /proc/sys/net/ipv4/ip_forward"
    )
    return (
        world.in_host("nft", "list", "ruleset"),
        world.in_host("ip", "-oneline", "link", "show", "type", "veth"),
        world.in_host("ip", "route"),
        forwarding,
    )


def _until(condition: object) -> None:
    for _ in range(500):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("did not come about in 5 s")


def test_close_restores_the_host_exactly(world: World) -> None:
    before = _state(world)
    launcher = world.launcher()
    assert launcher.tell("open", None) == "veth"
    world.sandbox(launcher)
    assert _state(world) != before
    assert launcher.tell("close") is None
    assert _state(world) == before


def test_sweep_removes_what_a_killed_server_left(world: World) -> None:
    before = _state(world)
    launcher = world.launcher()
    assert launcher.tell("open", None) == "veth"
    launcher.process.kill()
    launcher.process.wait()
    _until(lambda: "lmb" not in world.in_host("ip", "-oneline", "link"))
    assert _state(world) != before
    assert len(world.launcher().tell("sweep")) == 1
    assert _state(world) == before


def test_sweep_leaves_a_living_server_alone(world: World) -> None:
    launcher = world.launcher()
    assert launcher.tell("open", None) == "veth"
    assert world.launcher().tell("sweep") == []
    sandbox, _ = world.sandbox(launcher)
    assert sandbox.reach(INTERNET)["tcp"][INTERNET].startswith("internet")


@pytest.mark.parametrize("prefix", [(), ("unshare", "--user", "--map-root-user")])
def test_a_killed_server_takes_its_helpers_along(world: World, prefix: tuple[str, ...]) -> None:
    launcher = world.launcher(*prefix)
    launcher.tell("open", "pasta" if prefix else None)
    children = Path(f"/proc/{launcher.process.pid}/task/{launcher.process.pid}/children").read_text().split()
    assert len(children) == 1  # the keeper
    launcher.process.kill()
    launcher.process.wait()
    _until(lambda: not world_processes(world))


def world_processes(world: World) -> list[str]:
    """Processes of the host's namespace besides the test's own server."""
    pids = world.in_host("ip", "netns", "pids", world.host).split()
    return [pid for pid in pids if "peer.py" not in _command(pid) and _command(pid)]


def _command(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def test_the_host_does_not_become_a_router_for_others(world: World) -> None:
    launcher = world.launcher()
    assert launcher.tell("open", None) == "veth"
    # a stranger behind the host's other interface, and the internet sending to it by way of the host
    stranger = world.bare_sandbox()
    world.in_host(
        "ip", "link", "add", "lan0", "type", "veth", "peer", "name", "lan0", "netns", str(stranger.pid)
    )
    world.in_host("ip", "addr", "add", "10.78.0.1/24", "dev", "lan0")
    world.in_host("ip", "link", "set", "lan0", "up")
    world.in_host("sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/lan0/forwarding")
    stranger.run("ip", "addr", "add", "10.78.0.2/24", "dev", "lan0")
    stranger.run("ip", "link", "set", "lan0", "up")
    stranger.run("ip", "route", "add", "default", "via", "10.78.0.1")
    world.serve(("nsenter", f"--net=/proc/{stranger.pid}/ns/net"), "stranger")
    assert world.host_reach("10.78.0.2")["tcp"]["10.78.0.2"].startswith("stranger")
    assert world.from_internet("10.78.0.2")["tcp"]["10.78.0.2"].startswith("no: ")
    assert launcher.tell("close") is None
    world.in_host("sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/wan0/forwarding")
    assert world.from_internet("10.78.0.2")["tcp"]["10.78.0.2"].startswith("stranger")


def test_what_the_host_publishes_by_address_translation_stays_out_of_reach(world: World) -> None:
    """A container engine's published ports are the host's addresses too."""
    launcher = world.launcher()
    assert launcher.tell("open", None) == "veth"
    world.in_host("nft", "add table ip engine")
    world.in_host("nft", "add chain ip engine pre { type nat hook prerouting priority -100; }")
    world.in_host("nft", f"add rule ip engine pre fib daddr type local tcp dport 8080 dnat to {INTERNET}")
    world.in_host(
        "nft", "add chain ip engine in { type filter hook input priority -400; policy accept; accept; }"
    )
    sandbox, _ = world.sandbox(launcher)
    assert sandbox.reach(HOST)["tcp"][HOST].startswith("no: ")


def test_where_the_hosts_firewall_forwards_nothing_pasta_takes_over(world: World) -> None:
    world.in_host("nft", "add table ip filter")
    world.in_host("nft", "add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }")
    launcher = world.launcher()
    assert launcher.tell("open", None) == "pasta"
    sandbox, _ = world.sandbox(launcher)
    answers = sandbox.reach(INTERNET, HOST)["tcp"]
    assert answers[INTERNET].startswith("internet")
    assert answers[HOST].startswith("no: ")


def test_a_missing_tun_device_is_said_with_its_remedy(world: World) -> None:
    hide = 'mount -t tmpfs none /dev/net && exec unshare --user --map-root-user "$@"'
    answer = world.launcher("unshare", "--mount", "sh", "-c", hide, "sh").tell("open", None)
    assert answer["detail"] == "pasta did not join the router to the host"
    assert "/dev/net/tun" in answer["remedy"]


def test_a_missing_nft_is_said_with_its_remedy(world: World) -> None:
    hide = 'mount --bind /dev/null /usr/sbin/nft && mount -t tmpfs none /usr/sbin && exec "$@"'
    launcher = world.launcher("unshare", "--mount", "sh", "-c", hide, "sh")
    answer = launcher.tell("open", None)
    assert answer == {
        "detail": "nft is not installed",
        "remedy": "install nftables (apt-get install nftables)",
    }


def test_addresses_of_sandboxes_gone_are_used_again_and_of_those_alive_never(world: World) -> None:
    launcher = world.launcher()
    launcher.tell("open", None)
    first = world.bare_sandbox()
    second = world.bare_sandbox()
    one = launcher.tell("attach", first.pid, 5)
    two = launcher.tell("attach", second.pid, 5 + 8_190)
    assert one["address"] == "169.254.128.6"
    assert two["address"] == "169.254.128.7"
