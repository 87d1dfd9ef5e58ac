"""Provisioned concurrency on a real server: warm before the first call, and again after every loss."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from calling import call, started
from traces import left_after

from tests.running import Server

WITHIN_S = 60.0
PROVISIONED = "provisioned-concurrency"
APP = """
import os, time
BORN = time.time()
def handler(event, context):
    if event == "exit":
        os._exit(7)
    if event == "slow":
        time.sleep(5)
    return {"born": BORN, "type": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]}
"""
BROKEN = "import time\nraise RuntimeError('no way')\n"


def published(server: Server, source: str = APP, **parameters: Any) -> str:
    """A function with version 1."""
    name = server.function({"app.py": source}, **parameters)
    server.client().publish_version(FunctionName=name)
    return name


def put(server: Server, name: str, requested: int) -> dict[str, Any]:
    answer: dict[str, Any] = server.client().put_provisioned_concurrency_config(
        FunctionName=name, Qualifier="1", ProvisionedConcurrentExecutions=requested
    )
    return answer


def get(server: Server, name: str) -> dict[str, Any]:
    answer: dict[str, Any] = server.client().get_provisioned_concurrency_config(
        FunctionName=name, Qualifier="1"
    )
    return answer


def until(found: Callable[[], Any], what: str) -> Any:
    """What `found` gives once it gives something."""
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        if result := found():
            return result
        time.sleep(0.05)
    raise AssertionError(f"not within {WITHIN_S} s: {what}")


def until_status(server: Server, name: str, status: str) -> dict[str, Any]:
    def found() -> dict[str, Any] | None:
        answer = get(server, name)
        return answer if answer["Status"] == status else None

    reached: dict[str, Any] = until(found, status)
    return reached


def until_kept(server: Server, name: str, count: int) -> None:
    """Wait until so many are initialised."""
    until(lambda: get(server, name)["AvailableProvisionedConcurrentExecutions"] == count, f"{count} kept")


def listed(server: Server, name: str) -> list[dict[str, str]]:
    """A function's environments as `lambdad status` has them."""
    with urllib.request.urlopen(f"{server.url}/lambdad/v1/status") as answer:
        status = json.load(answer)
    return [one for one in status["environments"] if one["function"] == name]


def environments(server: Server, name: str) -> dict[str, str]:
    """Ids of a function's environments with why each was started."""
    return {one["id"]: one["initialization_type"] for one in listed(server, name)}


def states(server: Server, name: str) -> list[str]:
    """The states of the environments of a function's version 1."""
    return [one["state"] for one in listed(server, name) if one["version"] == "1"]


def test_the_first_call_finds_an_environment_that_is_initialised(shared_server: Server):
    name = published(shared_server)
    assert put(shared_server, name, 2)["Status"] == "IN_PROGRESS"
    ready = until_status(shared_server, name, "READY")
    assert ready["RequestedProvisionedConcurrentExecutions"] == 2
    assert ready["AllocatedProvisionedConcurrentExecutions"] == 2
    kept = environments(shared_server, name)
    assert list(kept.values()) == [PROVISIONED] * 2
    called_at = time.time()
    answer = call(shared_server, f"{name}:1")
    assert answer.body["type"] == PROVISIONED
    assert answer.body["born"] < called_at
    assert environments(shared_server, name) == kept
    reports = [
        line for line in shared_server.messages(name, until="REPORT RequestId") if "INIT_REPORT" in line
    ]
    assert len(reports) == 2
    assert all("Phase: init" in line and "Status" not in line for line in reports)


def test_calls_of_latest_and_beyond_the_number_are_served_on_demand(shared_server: Server):
    name = published(shared_server)
    put(shared_server, name, 1)
    until_status(shared_server, name, "READY")
    assert call(shared_server, name).body["type"] == "on-demand"
    with ThreadPoolExecutor(1) as thread:
        slow = thread.submit(call, shared_server, f"{name}:1", "slow")
        until(lambda: "busy" in states(shared_server, name), "the slow call runs")
        assert call(shared_server, f"{name}:1").body["type"] == "on-demand"
        assert slow.result().body["type"] == PROVISIONED
    shared_server.client().delete_function(FunctionName=name)


def test_it_is_withdrawn_with_its_configuration_and_with_its_version(shared_server: Server):
    client = shared_server.client()
    name = published(shared_server)
    put(shared_server, name, 1)
    until_status(shared_server, name, "READY")
    client.delete_provisioned_concurrency_config(FunctionName=name, Qualifier="1")
    assert environments(shared_server, name) == {}
    with pytest.raises(ClientError, match="No Provisioned Concurrency Config found for this function"):
        get(shared_server, name)
    assert call(shared_server, f"{name}:1").body["type"] == "on-demand"
    put(shared_server, name, 1)
    until_status(shared_server, name, "READY")
    client.delete_function(FunctionName=name, Qualifier="1")
    until(lambda: environments(shared_server, name) == {}, "no environment of a deleted version")
    listed = client.list_provisioned_concurrency_configs(FunctionName=name)
    assert listed["ProvisionedConcurrencyConfigs"] == []


def test_one_whose_process_ends_is_replaced(shared_server: Server):
    name = published(shared_server)
    put(shared_server, name, 1)
    until_status(shared_server, name, "READY")
    (before,) = environments(shared_server, name)
    assert call(shared_server, f"{name}:1", "exit").error == "Unhandled"
    until(lambda: before not in environments(shared_server, name), "the broken one is gone")
    until_kept(shared_server, name, 1)
    called_at = time.time()
    answer = call(shared_server, f"{name}:1")
    assert (answer.body["type"], answer.body["born"] < called_at) == (PROVISIONED, True)


def test_an_init_that_fails_makes_it_fail_and_calls_still_hear_why(shared_server: Server):
    name = published(shared_server, BROKEN)
    put(shared_server, name, 2)
    failed = until_status(shared_server, name, "FAILED")
    assert failed["StatusReason"] == "FUNCTION_ERROR_INIT_FAILURE"
    assert failed["AvailableProvisionedConcurrentExecutions"] == 0
    answer = call(shared_server, f"{name}:1")
    assert answer.body["errorMessage"] == "no way"
    shared_server.client().delete_function(FunctionName=name)


def test_a_restarted_server_keeps_them_again(tmp_path: Path):
    data_dir = tmp_path / "data"
    with started(data_dir) as server:
        name = published(server)
        put(server, name, 1)
        until_status(server, name, "READY")
        server.kill()
        with started(data_dir) as again:
            until_status(again, name, "READY")
            called_at = time.time()
            answer = call(again, f"{name}:1")
            assert (answer.body["type"], answer.body["born"] < called_at) == (PROVISIONED, True)
    assert left_after(data_dir) == []


def test_they_outlive_idleness_and_are_replaced_when_they_are_old_or_drained(tmp_path: Path):
    with started(tmp_path / "data", "--idle-environment-s", "1", "--max-environment-age-s", "10") as server:
        name = published(server)
        put(server, name, 1)
        until_status(server, name, "READY")
        (first,) = environments(server, name)
        with urllib.request.urlopen(
            urllib.request.Request(f"{server.url}/lambdad/v1/drain", method="POST", data=b"{}")
        ):
            pass
        assert first not in environments(server, name)
        until_kept(server, name, 1)
        (second,) = environments(server, name)
        until(lambda: second not in environments(server, name), "the old one has ended")
        until_kept(server, name, 1)
        until(lambda: call(server, f"{name}:1").body["type"] == PROVISIONED, "a new one answers")
