"""What a host runs out of while functions start: the next way is taken, nothing is lost, and it is said why."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from calling import call
from start_paths import below, fork_servers, launcher_of, path_of, serving, status, until

from tests.running import Server

pytestmark = pytest.mark.root
RUNTIME = "python3.13"
FILES = {"app.py": "def handler(event, context):\n    return event\n"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """One that keeps none waiting: each start finds the host as it is."""
    yield from serving("fork", tmp_path)


def warm(server: Server) -> str:
    name = server.function(FILES, Runtime=RUNTIME)
    assert call(server, name, 1).body == 1
    assert path_of(server, name) == "fork"
    return name


def pool(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = status(server)["pools"][RUNTIME]
    return found


def doctor(server: Server) -> list[dict[str, str]]:
    done = subprocess.run(
        [sys.executable, "-m", "lambdad.cli.entry", "doctor", "--json", "--data-dir", str(server.data_dir)],
        env={**os.environ, "LAMBDAD_PORT": str(server.port)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    checks: list[dict[str, str]] = json.loads(done.stdout)["checks"]
    return [one for one in checks if one["what"] == "pools"]


def path_of_new(server: Server) -> str:
    name = server.function(FILES, Runtime=RUNTIME)
    assert call(server, name, 1).body == 1
    return path_of(server, name)


def test_a_fork_server_without_descriptors_is_replaced(server: Server) -> None:
    warm(server)
    (starved,) = fork_servers(server)
    resource.prlimit(starved, resource.RLIMIT_NOFILE, (6, 6))
    assert path_of_new(server) in {"fork", "spawn"}
    until(lambda: path_of_new(server) == "fork")
    assert starved not in fork_servers(server)


def test_when_the_launcher_has_no_descriptors_the_caller_hears_why_and_later_it_works(server: Server) -> None:
    running = warm(server)
    launcher = launcher_of(server)
    before = set(below(launcher))
    _, hard = resource.prlimit(launcher, resource.RLIMIT_NOFILE)
    used = len(os.listdir(f"/proc/{launcher}/fd"))
    resource.prlimit(launcher, resource.RLIMIT_NOFILE, (used, hard))
    other = server.function(FILES, Runtime=RUNTIME)
    with pytest.raises(ClientError) as refused:
        call(server, other, 2)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
    assert call(server, running, 3).body == 3, "what runs is not concerned"
    failure = pool(server)["last_failure"]
    assert "Too many open files" in failure
    (check,) = doctor(server)
    assert failure in check["detail"]
    resource.prlimit(launcher, resource.RLIMIT_NOFILE, (hard, hard))
    until(lambda: _answers(server, other))
    assert len([one for one in status(server)["environments"] if one["function"] == other]) == 1
    assert len(set(below(launcher)) - before) == 1, "something is left of those that failed"


def _answers(server: Server, name: str) -> bool:
    try:
        return bool(call(server, name, 2).body == 2)
    except ClientError:
        return False


def test_doctor_finds_nothing_wrong_with_pools_that_work(server: Server) -> None:
    warm(server)
    (check,) = doctor(server)
    assert check["verdict"] == "good", check
    assert RUNTIME in check["detail"]
