"""Control groups of both versions, for real: who is in which, and that nothing stays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hosting import MIB, Host

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.sandbox.factory import data_id
from lambdad.worker.sandbox.plan import Mount

pytestmark = pytest.mark.root

# Version 2 without controllers is on every host with a unified hierarchy, also where version 1 has them:
# enough to show that a reaper is born in its group and everything it starts stays there.
_BORN_IN_UNIFIED = """
import json, os, socket, sys
from lambdad.worker.sandbox.launcher import prepare
from lambdad.worker.sandbox.launcher.first import tables
from lambdad.worker.sandbox.launcher.first.table import READY, reply
from lambdad.worker.sandbox.launcher.hierarchies import Found

def find(data_id):
    parent = os.path.join(sys.argv[1], "lambdad-" + data_id)
    os.makedirs(parent)
    return Found(2, {"": parent}, {}, freezer=parent)

prepare.find = find
with prepare.prepare(prepare.Setting(sys.argv[3], sys.argv[2], outbound=False)) as prepared:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    wish = {"id": "one", "mounts": [], "shared": [], "listen": [], "outbound": False, "blank": False, "waits": None, "fork_server": None, "limits":
        {"memory_bytes": 1 << 27, "processes": 100, "open_files": 100, "tmp_bytes": 1 << 20}}
    born = prepared.makers.nursery.bear(wish, theirs, prepared.network)
    theirs.close()
    powers = prepared.makers.nursery.powers()
    assert reply(ours.recv(1000))[0::3] == (0, READY)
    read, write = os.pipe()
    program = tables.Command(1, ("/bin/cat", "/proc/self/cgroup"), {}, "/", ((1, 2),), 100, 100, renounces=False)
    socket.send_fds(ours, [tables.start(powers, program).packed()], [write, write])
    os.close(write)
    group = next(line for line in os.read(read, 4096).decode().split() if line.startswith("0::"))
    inside = open(f"/proc/{born.pid}/cgroup").read()
    members = open(prepared.groups.directories[0] + "/one/cgroup.procs").read().split()
    os.kill(born.pid, 9)
    os.waitpid(born.pid, 0)
    print(json.dumps([prepared.facts, group, inside, members, born.pid]))
"""


def _unified() -> str:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            return place
    raise AssertionError("this host has no unified hierarchy")


def test_in_version_2_the_reaper_is_born_in_the_group(tmp_path: Path) -> None:
    name = f"test{os.getpid()}"
    done = subprocess.run(
        [sys.executable, "-c", _BORN_IN_UNIFIED, _unified(), str(tmp_path), name],
        stdout=subprocess.PIPE,
        check=True,
    )
    facts, group, inside, members, pid = json.loads(done.stdout)
    assert all(fact["works"] for fact in facts if fact["feature"].endswith(("namespace", "filter")))
    assert [fact["detail"] for fact in facts if fact["feature"] == "freeze"] == ["cgroup.freeze"]
    assert group.endswith(f"/lambdad-{name}/one")
    assert f"0::{group[3:]}\n" in inside
    assert str(pid) in members
    assert not Path(_unified(), f"lambdad-{name}").exists()


def _groups(host: Host) -> list[Path]:
    return [
        Path(root) for root, _, _ in os.walk("/sys/fs/cgroup") if f"lambdad-{data_id(host.data_dir)}/" in root
    ]


def test_a_sandbox_s_groups_have_its_limits_and_go_with_it(host: Host) -> None:
    before = _groups(host)
    plan = host.plan(memory_bytes=256 * MIB, processes=77)
    sandbox = host.make(plan)
    made = [group for group in _groups(host) if group.name == plan.sandbox_id]
    assert made
    texts = {
        file.name: file.read_text().strip()
        for group in made
        for file in group.iterdir()
        if file.name in ("memory.limit_in_bytes", "memory.max", "pids.max")
    }
    if "memory.limit_in_bytes" in texts:
        assert texts == {"memory.limit_in_bytes": str(256 * MIB), "pids.max": "77"}
    else:  # version 2: the reaper is in the group, too
        assert texts == {"memory.max": str(260 * MIB), "pids.max": "78"}
    host.destroy(sandbox)
    assert _groups(host) == before


def test_a_failed_making_leaves_no_group(spawned_host: Host) -> None:
    host = spawned_host
    before = _groups(host)
    plan = replace(host.plan(), mounts=(Mount(Path("/usr"), "/usr/not/there"),))
    with pytest.raises(EnvironmentUnavailable):
        host.make(plan)
    plan = replace(plan, mounts=(), listen=(("203.0.113.1", 70_000),))
    with pytest.raises(EnvironmentUnavailable, match="network namespace"):
        host.make(plan)
    assert _groups(host) == before
