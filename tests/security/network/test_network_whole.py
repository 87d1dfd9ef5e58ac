"""The same with real sandboxes: the launcher, its links and a program inside."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from world import HERE, HOST, HOST_OTHER, HOST_V6, INTERNET, INTERNET_V6, METADATA, SOURCE, World, run

pytestmark = pytest.mark.root

OTHERS = ("169.254.128.1", "169.254.128.2", "169.254.128.3", "169.254.128.4")
WAYS = {"root": (), "user namespace": ("unshare", "--user", "--map-root-user")}


def try_from_a_sandbox(
    world: World, tmp_path: Path, prefix: tuple[str, ...], outbound: str
) -> dict[str, object]:
    data, task = tmp_path / "data", tmp_path / "task"
    data.mkdir(mode=0o700)
    task.mkdir()
    shutil.copy(HERE / "peer.py", task)
    for path in (tmp_path, task, task / "peer.py"):
        path.chmod(0o755)
    stub = (sys.executable, str(HERE / "server_stub_outbound.py"), str(data), str(task), outbound)
    addresses = (INTERNET, HOST, HOST_OTHER, HOST_V6, INTERNET_V6, "127.0.0.1", *METADATA, *OTHERS)
    # not `ip netns exec`, which hides the control groups; so the resolver is shown by hand
    enter = 'mount --bind "$0" /etc/resolv.conf && exec nsenter --net="/run/netns/$1" "${@:2}"'
    resolver = f"/etc/netns/{world.host}/resolv.conf"
    words = ("unshare", "--mount", "bash", "-c", enter, resolver, world.host, "env", f"PYTHONPATH={SOURCE}")
    told = json.loads(run(*words, *prefix, *stub, *addresses))
    assert told["tier"] == "namespace"
    return told


@pytest.mark.parametrize("way", WAYS)
def test_a_function_reaches_the_internet_and_nothing_else(world: World, tmp_path: Path, way: str) -> None:
    told = try_from_a_sandbox(world, tmp_path, WAYS[way], "on")
    assert told["findings"]["outbound network"] is True
    tcp = told["reached"]["tcp"]
    assert tcp.pop(INTERNET) == f"internet ::ffff:{HOST}"
    assert {address for address, answer in tcp.items() if not answer.startswith("no: ")} == set()
    assert told["dns"] == {"udp": "noitseuq", "tcp": "noitseuq"}
    assert "nameserver 169.254.127.1\n" in told["resolv.conf"]


@pytest.mark.parametrize("way", WAYS)
def test_with_outbound_switched_off_there_is_no_link_at_all(world: World, tmp_path: Path, way: str) -> None:
    told = try_from_a_sandbox(world, tmp_path, WAYS[way], "off")
    assert "outbound network" not in told["findings"]
    assert told["interfaces"] == "[(1, 'lo')]\n"
    assert [a for a in told["reached"]["tcp"].values() if not a.startswith("no: ")] == []
    assert "lmb" not in world.in_host("ip", "link")
