"""A real sandbox in the world: what a program in it reaches."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from world import HERE, SOURCE, World, run

WAYS = {"root": (), "user namespace": ("unshare", "--user", "--map-root-user")}


def try_from_a_sandbox(
    world: World, tmp_path: Path, prefix: tuple[str, ...], outbound: str, addresses: tuple[str, ...]
) -> dict[str, object]:
    data, task = tmp_path / "data", tmp_path / "task"
    data.mkdir(mode=0o700)
    task.mkdir()
    shutil.copy(HERE / "peer.py", task)
    for path in (tmp_path, task, task / "peer.py"):
        path.chmod(0o755)
    stub = (sys.executable, str(HERE / "server_stub_outbound.py"), str(data), str(task), outbound)
    # not `ip netns exec`, which hides the control groups; so the resolver is shown by hand
    enter = 'mount --bind "$0" /etc/resolv.conf && exec nsenter --net="/run/netns/$1" "${@:2}"'
    resolver = f"/etc/netns/{world.host}/resolv.conf"
    words = ("unshare", "--mount", "bash", "-c", enter, resolver, world.host, "env", f"PYTHONPATH={SOURCE}")
    told = json.loads(run(*words, *prefix, *stub, *addresses))
    assert told["tier"] == "namespace"
    return told
