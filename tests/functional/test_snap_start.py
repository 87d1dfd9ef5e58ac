"""SnapStart on a real server: from publishing to the call, with what this host can keep of a process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import pytest
from botocore.exceptions import ClientError, WaiterError
from calling import call, started
from remains import status
from traces import left_after

from tests.running import Server

ON = {"ApplyOn": "PublishedVersions"}
RUNTIME = "python3.13"
APP = """
import os
from snapshot_restore_py import register_after_restore, register_before_snapshot
told = ["init"]
register_before_snapshot(told.append, "before")
register_after_restore(told.append, "after")
def handler(event, context):
    if event == "credentials":
        import boto3
        found = boto3.Session().get_credentials()
        return [found.method, found.access_key[:4], "AWS_ACCESS_KEY_ID" in os.environ]
    return [told, os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]]
"""


@pytest.fixture(scope="module", params=["namespace", "process"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of each tier."""
    data_dir = tmp_path_factory.mktemp("snap-start") / "data"
    with started(data_dir, "--isolation", request.param) as made:
        yield made
    assert left_after(data_dir) == []


def published(server: Server, source: str = APP, **parameters: Any) -> str:
    name = server.function({"app.py": source}, Runtime=RUNTIME, SnapStart=ON, **parameters)
    answer = server.client().publish_version(FunctionName=name)
    assert (answer["State"], answer["StateReasonCode"]) == ("Pending", "Creating")
    return name


def until_settled(server: Server, name: str) -> dict[str, Any]:
    waiter = server.client().get_waiter("published_version_active")
    waiter.wait(FunctionName=name, Qualifier="1", WaiterConfig={"Delay": 0.1, "MaxAttempts": 600})
    answer: dict[str, Any] = server.client().get_function_configuration(FunctionName=name, Qualifier="1")
    return answer


def test_a_version_becomes_active_and_says_whether_it_is_optimised(server: Server) -> None:
    name = published(server)
    found = until_settled(server, name)
    assert found["SnapStart"]["ApplyOn"] == "PublishedVersions"
    is_on = found["SnapStart"]["OptimizationStatus"] == "On"
    assert is_on or found["StateReason"].startswith("SnapStart is off for this version: ")
    messages = server.messages(name, until="INIT_REPORT")
    assert [line.split("\t")[1] for line in messages if "INIT_REPORT" in line] == ["Phase: snap-start\n"]
    assert is_on or any(line.startswith("LAMBDAD SnapStart is off for this version: ") for line in messages)


def test_the_hooks_have_run_before_the_first_event_however_it_was_started(server: Server) -> None:
    name = published(server)
    until_settled(server, name)
    assert call(server, name, Qualifier="1").body == [["init", "before", "after"], "snap-start"]


def test_the_latest_version_starts_as_ever(server: Server) -> None:
    name = published(server)
    assert call(server, name).body == [["init"], "on-demand"]


def test_an_sdk_inside_fetches_its_credentials(server: Server) -> None:
    name = published(server, Timeout=60)
    until_settled(server, name)
    assert call(server, name, "credentials", Qualifier="1").body == ["container-role", "ASIA", False]


@pytest.mark.parametrize(
    "source",
    [
        "raise RuntimeError('no init')\n",
        """
import snapshot_restore_py as hooks
hooks.register_before_snapshot(lambda: 1 / 0)
def handler(event, context): pass
""",
    ],
)
def test_a_version_whose_init_or_hook_fails_is_failed_and_cannot_be_called(
    server: Server, source: str
) -> None:
    name = published(server, source)
    with pytest.raises(WaiterError):
        until_settled(server, name)
    found = server.client().get_function_configuration(FunctionName=name, Qualifier="1")
    assert (found["State"], found["StateReasonCode"]) == ("Failed", "FunctionError")
    with pytest.raises(ClientError, match="currently in the following state: Failed"):
        call(server, name, Qualifier="1")


def test_a_version_cannot_be_called_while_it_is_initialised(server: Server) -> None:
    name = published(server, "import time\ntime.sleep(5)\ndef handler(event, context): return 1\n")
    with pytest.raises(ClientError, match="SnapStartNotReadyException"):
        call(server, name, Qualifier="1")
    server.client().delete_function(FunctionName=name)


@pytest.mark.root
def test_an_environment_goes_on_from_the_image_and_copies_are_different(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    source = (
        "import os, random, ssl, time, uuid\n"
        "when = time.time_ns()\n"
        "def handler(event, context):\n"
        "    return [when, random.random(), ssl.RAND_bytes(8).hex(), str(uuid.uuid4()), os.getpid()]\n"
    )
    with started(tmp_path_factory.mktemp("restore") / "data") as server:
        name = published(server, source)
        assert until_settled(server, name)["SnapStart"]["OptimizationStatus"] == "On"
        one = call(server, name, Qualifier="1").body
        [environment] = status(server)["environments"]
        assert (environment["start_path"], environment["initialization_type"]) == ("restore", "snap-start")
        wait = Request(f"{server.url}/lambdad/v1/drain", b'{"wait_s": 20}', method="POST")
        wait.add_header("Content-Type", "application/json")
        with urlopen(wait, timeout=30):
            pass
        other = call(server, name, Qualifier="1").body
        assert status(server)["starts"]["restore"] == 2
    assert one[0] == other[0]  # Init ran once
    assert not set(one[1:4]) & set(other[1:4])


@pytest.fixture(scope="module")
def in_sandboxes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that keeps images."""
    with started(tmp_path_factory.mktemp("refused") / "data") as made:
        yield made


@pytest.mark.root
@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            "import threading, time\nthreading.Thread(target=time.sleep, args=(99,), daemon=True).start()\n",
            "thread",
        ),
        ("import socket\nkept = socket.socket()\n", "socket"),
        ("import subprocess\nkept = subprocess.Popen(['sleep', '99'])\n", "process"),
        ("import subprocess\nsubprocess.run('setsid sleep 99 >/dev/null 2>&1 &', shell=True)\n", "process"),
        ("open('/tmp/kept', 'w').close()\n", "/tmp"),
    ],
    ids=["thread", "socket", "child", "orphan", "file"],
)
def test_what_cannot_be_kept_is_named_and_the_version_starts_as_without(
    in_sandboxes: Server, source: str, reason: str
) -> None:
    server = in_sandboxes
    name = published(server, source + "def handler(event, context):\n    return event\n")
    found = until_settled(server, name)
    assert found["SnapStart"]["OptimizationStatus"] == "Off"
    assert reason in found["StateReason"]
    assert call(server, name, "fine", Qualifier="1").body == "fine"
    paths = [one["start_path"] for one in status(server)["environments"] if one["function"] == name]
    assert paths == ["pool"]
