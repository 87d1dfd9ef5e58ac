"""SnapStart on a real server: from publishing to the call, with what this host can keep of a process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError
from calling import call, started
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
    waiter.wait(FunctionName=name, Qualifier="1", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
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
