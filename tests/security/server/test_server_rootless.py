"""A whole server of an ordinary user: it works, keeps functions apart, and says what it cannot limit."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ordinary_user import OrdinaryUser
from probe_function import ask, function, gone, left, own, wait_for

from tests.running import Server, zip_of

pytestmark = pytest.mark.rootless


@pytest.fixture(scope="module")
def server(user: OrdinaryUser) -> Iterator[Server]:
    with user.serving() as made:
        yield made
    assert left(made) == []


@pytest.fixture(scope="module")
def name(server: Server) -> str:
    return function(server)


def test_a_function_runs_logs_and_is_warm_the_second_time(server: Server, name: str) -> None:
    assert ask(server, name, shell="id -u; pwd; cat data.txt") == {"shell": "993\n/var/task\nof the function"}
    assert ask(server, name, read=["/tmp"]) == {"read": {"/tmp": "IsADirectoryError"}}
    messages = server.messages(name, until="asked for ['read']")
    assert "asked for ['shell']\n" in messages
    assert sum(message.startswith("INIT_START") for message in messages) == 1
    assert sum(message.startswith("REPORT") for message in messages) == 2


def test_sandboxes_wait_for_functions_of_an_ordinary_user_too(server: Server) -> None:
    name = function(server)
    runtime = server.client().get_function_configuration(FunctionName=name)["Runtime"]
    deadline = time.monotonic() + 20
    while not own(server, "lambdad/v1/status")["pools"].get(runtime, {}).get("waiting"):
        assert time.monotonic() < deadline, own(server, "lambdad/v1/status")["pools"]
        time.sleep(0.05)
    assert ask(server, name, shell="id -u") == {"shell": "993\n"}
    environments = own(server, "lambdad/v1/status")["environments"]
    assert [one["start_path"] for one in environments if one["function"] == name] == ["pool"]


def test_the_server_is_in_the_namespace_tier_and_warns_of_missing_limits(server: Server) -> None:
    assert own(server, "health")["isolation"] == "namespace"
    for limit in ("memory limit", "cpu limit"):
        assert f"isolation lacks {limit}" in server.log
        assert "Delegate=yes" in server.log
    findings = {
        one["feature"]: one["works"] for one in own(server, "lambdad/v1/status")["isolation"]["findings"]
    }
    assert findings["mount namespace and root"]
    assert not findings["memory limit"]


def test_files_of_the_host_and_of_the_user_are_out_of_reach(
    server: Server, name: str, user: OrdinaryUser
) -> None:
    secret = user.home / "secret"
    secret.write_text("of the user")
    own_catalogue = next(Path(server.data_dir).glob("catalogue*"))
    paths = [str(secret), str(own_catalogue), "/etc/shadow", "/etc/hostname", "/proc/1/environ"]
    assert ask(server, name, read=paths) == {"read": dict.fromkeys(paths, "FileNotFoundError")}
    assert ask(server, name, shell="echo x > /var/task/new || echo x > /usr/new || echo x > /new") == {
        "shell": "\n".join(
            f"/bin/sh: 1: cannot create {place}/new: Read-only file system"
            for place in ("/var/task", "/usr", "")
        )
        + "\n"
    }


def test_layers_are_merged_and_read_only(server: Server) -> None:
    layers = [
        server.client().publish_layer_version(LayerName=name, Content={"ZipFile": zip_of(files)})
        for name, files in (("one", {"x": "one", "y": "one"}), ("two", {"y": "two"}))
    ]
    name = function(server, Layers=[layer["LayerVersionArn"] for layer in layers])
    assert ask(server, name, shell="cat /opt/x /opt/y; touch /opt/x 2>&1 | grep -o Read-only") == {
        "shell": "onetwoRead-only\n"
    }


def test_processes_of_the_host_are_out_of_reach(server: Server, name: str) -> None:
    shown = ask(
        server, name, shell="cat /proc/[0-9]*/cmdline | tr '\\0' ' '; kill -0 -- -1 && echo signalled"
    )
    assert "lambdad.cli.entry" not in shown["shell"]
    assert str(server.process.pid) not in ask(server, name, shell="ls /proc")["shell"].split()


def test_servers_of_the_host_are_out_of_reach(server: Server, name: str) -> None:
    addresses = [f"127.0.0.1:{server.port}", f"::1:{server.port}", f"::ffff:127.0.0.1:{server.port}"]
    answers = ask(server, name, reach=addresses)["reach"]
    assert "reached" not in answers.values()
    assert ask(server, name, shell="ls /sys/class/net 2>&1; grep -c : /proc/net/dev")["shell"].endswith("1\n")


def test_a_timeout_kills_the_whole_tree(server: Server) -> None:
    mark = f"7654.{os.getpid()}1"
    slow = function(server, Timeout=3)
    ask(server, slow, daemon=mark, child=mark)
    assert len(wait_for(mark, 2)) == 2
    answer = ask(server, slow, sleep=60)
    assert answer["errorType"] == "Sandbox.Timedout"
    assert gone(mark) == []


def test_kill_9_leaves_nothing_and_the_next_server_goes_on(user: OrdinaryUser) -> None:
    mark = f"7654.{os.getpid()}2"
    with user.serving(data="other") as server:
        name = function(server)
        ask(server, name, daemon=mark)
        assert len(wait_for(mark, 1)) == 1
        server.kill()
        assert left(server, mark) == []
    with user.serving(data="other") as server:
        assert ask(server, name, shell="echo on") == {"shell": "on\n"}
    assert [entry.name for entry in (user.home / "other").iterdir() if "sandbox" in entry.name] == []


def test_doctor_says_what_memory_and_cpu_limits_need(user: OrdinaryUser) -> None:
    ran = user.run("doctor", "--json")
    checks = {check["what"]: check for check in json.loads(ran.stdout)["checks"]}
    assert (checks["isolation"]["verdict"], checks["isolation"]["detail"]) == ("good", "namespace")
    for limit in ("memory limit", "cpu limit"):
        assert checks[limit]["verdict"] == "weak"
        assert "systemd-run --user --scope -p Delegate=yes lambdad serve" in checks[limit]["remedy"]
    assert checks["pids limit"]["verdict"] == "good"
    assert ran.returncode == 0


def test_requiring_the_namespace_tier_is_refused_in_one_line(user: OrdinaryUser) -> None:
    data_dir = user.home / "refused"
    options = ("--port", "0", "--data-dir", str(data_dir), "--require-isolation", "namespace")
    ran = user.run("serve", *options)
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert ran.stderr.startswith(
        "lambdad: isolation namespace was required, but this host lacks: memory limit"
    )
    assert "Delegate=yes" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_doctor_fails_where_the_server_would(user: OrdinaryUser) -> None:
    ran = user.run("doctor", "--json", LAMBDAD_REQUIRE_ISOLATION="namespace")
    checks = {check["what"]: check for check in json.loads(ran.stdout)["checks"]}
    assert checks["isolation"]["verdict"] == "missing"
    assert "memory limit" in checks["isolation"]["detail"]
    assert ran.returncode == 1


def test_choosing_the_namespace_tier_takes_it_without_limits(user: OrdinaryUser) -> None:
    with user.serving("--isolation", "namespace", data="chosen") as server:
        assert own(server, "health")["isolation"] == "namespace"
    assert left(server) == []
