"""A whole server that gave up isolation: it says so wherever one looks, and keeps order all the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from probe_function import ask, function, gone, left, own, wait_for

from tests.running import Server, start_server

LOUD = "functions share files, network and user with this account: run only code you trust"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = start_server(tmp_path_factory.mktemp("process") / "data", "--isolation", "process")
    yield made
    assert made.stop() == 0
    assert left(made) == []
    assert not (Path(made.data_dir) / "sandboxes").exists()


@pytest.fixture(scope="module")
def name(server: Server) -> str:
    return function(server)


def lambdad(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lambdad.cli.entry", *arguments]
    return subprocess.run(
        command, env={**os.environ, **environ}, capture_output=True, text=True, check=False, timeout=60
    )


def test_the_log_warns_at_start(server: Server) -> None:
    warning = next(line for line in server.log.splitlines() if LOUD in line)
    assert " warning isolation is weak: " in warning
    assert server.log.index(LOUD) < server.log.index("is ready on")
    assert "given up: the setting isolation is process (leave the setting isolation at auto)" in server.log


def test_health_and_status_warn(server: Server) -> None:
    health = own(server, "health")
    assert (health["isolation"], health["warning"]) == ("process", LOUD)
    isolation = own(server, "lambdad/v1/status")["isolation"]
    assert (isolation["tier"], isolation["warning"]) == ("process", LOUD)
    shown = lambdad("status", LAMBDAD_ENDPOINT=server.url).stdout
    assert LOUD in shown
    assert "given up: the setting isolation is process" in shown


def test_doctor_warns_and_does_not_probe(tmp_path: Path) -> None:
    ran = lambdad("doctor", "--json", "--data-dir", str(tmp_path / "data"), LAMBDAD_ISOLATION="process")
    document = json.loads(ran.stdout)
    checks = {check["what"]: check for check in document["checks"]}
    assert checks["isolation"]["verdict"] == "weak"
    assert LOUD in checks["isolation"]["detail"]
    assert checks["isolation"]["remedy"] == "leave the setting isolation at auto"
    assert "user namespace" not in checks
    assert document["settings"]["isolation"] == "process"


def test_it_is_refused_where_isolation_is_required(tmp_path: Path) -> None:
    data_dir = str(tmp_path / "data")
    ran = lambdad(
        "serve",
        "--port",
        "0",
        "--data-dir",
        data_dir,
        "--isolation",
        "process",
        "--require-isolation",
        "namespace",
    )
    assert ran.returncode == 2
    assert "isolation = process is refused: require_isolation = namespace forbids it" in ran.stderr


@pytest.mark.root
def test_requiring_the_process_tier_takes_the_stronger_one(tmp_path: Path) -> None:
    server = start_server(tmp_path / "data", "--require-isolation", "process", "--no-outbound")
    try:
        health = own(server, "health")
        assert (health["isolation"], "warning" in health) == ("namespace", False)
        assert "isolation is weak" not in server.log
    finally:
        server.stop()


def environment(server: Server, name: str) -> dict[str, Any]:
    found: dict[str, Any] = ask(server, name, environ=True)
    return found


def test_paths_in_the_environment_are_where_things_are(server: Server, name: str) -> None:
    answer = environment(server, name)
    environ = answer["environ"]
    root = Path(environ["LAMBDA_TASK_ROOT"])
    assert (root / "data.txt").read_text() == "of the function"
    assert answer["cwd"] == str(root)
    assert str(root) in answer["path"]
    assert (Path(environ["LAMBDA_RUNTIME_DIR"]) / "lambdad_runtime.py").is_file()
    assert environ["HOME"] == environ["TMPDIR"]
    assert Path(environ["HOME"]).is_relative_to(Path(server.data_dir) / "sandboxes")
    assert not any(value.startswith(("/var/task", "/var/runtime")) for value in environ.values())


@pytest.mark.parametrize("variable", ["PATH", "PYTHONPATH", "LD_LIBRARY_PATH"])
def test_search_paths_name_nothing_that_is_only_in_a_sandbox(
    server: Server, name: str, variable: str
) -> None:
    entries = environment(server, name)["environ"][variable].split(":")
    assert [one for one in entries if one.startswith(("/var/", "/opt/"))] == []
    assert any(Path(one).is_dir() for one in entries)


def test_the_interpreter_s_programs_are_on_the_path(server: Server, name: str) -> None:
    ran = ask(server, name, shell="command -v python3.11; command -v sh; readlink -f /proc/$PPID/exe")
    python, shell, running = ran["shell"].split()
    assert (Path(python).resolve(), Path(shell).is_file()) == (Path(running), True)


def test_a_search_path_of_the_customer_is_placed_too(server: Server) -> None:
    variables = {"PYTHONPATH": "/var/task/lib:/opt/python", "CONFIG": "/var/task/data.txt"}
    placed = function(server, Environment={"Variables": variables})
    environ = environment(server, placed)["environ"]
    task_root = environ["LAMBDA_TASK_ROOT"]
    assert environ["PYTHONPATH"].split(":")[0] == f"{task_root}/lib"
    assert environ["CONFIG"] == "/var/task/data.txt"  # what a value means is the customer's business


def test_the_sdk_is_imported_from_the_runtime(server: Server, name: str) -> None:
    source = "import boto3, os; print(boto3.__file__.startswith(os.environ['LAMBDA_RUNTIME_DIR']))"
    assert ask(server, name, shell=f'python3.11 -S -c "{source}"') == {"shell": "True\n"}


def test_a_timeout_kills_the_whole_tree(server: Server) -> None:
    mark = f"6543.{os.getpid()}1"
    slow = function(server, Timeout=2)
    ask(server, slow, daemon=mark, child=mark)
    assert len(wait_for(mark, 2)) == 2
    answer = ask(server, slow, sleep=60)
    assert answer["errorType"] == "Sandbox.Timedout"
    assert gone(mark) == []
    assert ask(server, slow, shell="echo again") == {"shell": "again\n"}


def test_a_crash_kills_the_whole_tree(server: Server) -> None:
    mark = f"6543.{os.getpid()}2"
    crashing = function(server)
    ask(server, crashing, daemon=mark, child=mark)
    assert len(wait_for(mark, 2)) == 2
    answer = ask(server, crashing, exit=7)
    assert answer["errorType"] == "Runtime.ExitError"
    assert gone(mark) == []


@pytest.mark.parametrize(("end", "number"), [("SIGTERM", 3), ("SIGKILL", 4)])
def test_the_end_of_the_server_is_the_end_of_everything(tmp_path: Path, end: str, number: int) -> None:
    mark = f"6543.{os.getpid()}{number}"
    server = start_server(tmp_path / "data", "--isolation", "process")
    try:
        name = function(server)
        ask(server, name, daemon=mark, child=mark)
        assert len(wait_for(mark, 2)) == 2
        if end == "SIGTERM":
            assert server.stop() == 0
        else:
            server.kill()
        assert left(server, mark) == []
    finally:
        server.stop()
    assert (tmp_path / "data" / "sandboxes").exists() == (end == "SIGKILL")
