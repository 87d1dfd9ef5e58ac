"""What a function of a whole server learns of the host from /proc and /sys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from probe_function import ask, function

import lambdad
from tests.running import Server, start_server

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = start_server(tmp_path_factory.mktemp("proc-view") / "data", "--no-outbound")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def name(server: Server) -> str:
    return function(server)


def places_of_the_host(server: Server) -> tuple[str, ...]:
    return (str(server.data_dir), str(Path(lambdad.__file__).parents[1]), "lambdad.cli", "sandbox.launcher")


def test_only_the_function_s_own_processes_are_there(server: Server, name: str) -> None:
    shown = ask(server, name, shell="ls /proc | grep '^[0-9]' | grep -vx $$; cat /proc/1/cmdline")["shell"]
    *pids, refusal = shown.splitlines()
    assert "1" not in pids
    assert refusal == "cat: /proc/1/cmdline: No such file or directory"


def test_ps_shows_nothing_of_the_host(server: Server, name: str) -> None:
    shown = ask(server, name, shell="ps -eo pid,user,args")["shell"]
    lines = shown.splitlines()[1:]
    assert any("ps -eo" in line for line in lines)
    assert all(line.split()[1] in ("993", "sbx_use+", "sbx_user1051") for line in lines), shown
    assert not any(place in shown for place in places_of_the_host(server))


def test_no_file_of_proc_names_a_process_or_a_place_of_the_server(server: Server, name: str) -> None:
    # All that can be read, but for mountinfo: the kernel shows there what a bind mount came from.
    script = (
        "find /proc -maxdepth 2 -type f -not -name mountinfo -exec timeout 5 head -c 20000 {} + 2>/dev/null"
        " | tr -cd '[:print:]\\n'"
    )
    shown = ask(server, name, shell=script)["shell"]
    assert "MemTotal" in shown  # or nothing was read
    assert [place for place in places_of_the_host(server) if place in shown] == []


def test_mountinfo_is_the_one_place_that_names_where_the_code_came_from(server: Server, name: str) -> None:
    """SECURITY.md says so; should a kernel stop it, the sentence there can go."""
    shown = ask(server, name, read=["/proc/self/mountinfo", "/proc/self/mounts"])["read"]
    task = next(line for line in shown["/proc/self/mountinfo"].splitlines() if " /var/task " in line)
    assert "/data/code/" in task
    assert str(server.data_dir) not in shown["/proc/self/mounts"]
