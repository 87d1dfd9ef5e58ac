"""Reserved concurrency on a real server: who is throttled and who is not, at once and after a restart."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError
from calling import call

from tests.running import Server

WITHIN_S = 60.0
APP = """
import time
def handler(event, context):
    time.sleep(event or 0)
    return "done"
"""
LONG_S = 5


def reserve(server: Server, name: str, executions: int) -> None:
    server.client().put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=executions)


def assert_runs(server: Server, name: str) -> None:
    assert call(server, name).body == "done"


def assert_throttled(server: Server, name: str) -> None:
    """A call is refused as AWS refuses it."""
    with pytest.raises(ClientError) as refused:
        call(server, name)
    answer = refused.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert answer["Error"] == {"Code": "TooManyRequestsException", "Message": "Rate Exceeded."}
    assert answer["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert answer["Type"] == "User"


def is_busy(server: Server, name: str) -> bool:
    with urllib.request.urlopen(f"{server.url}/lambdad/v1/status") as answer:
        environments = json.load(answer)["environments"]
    return any(one["function"] == name and one["state"] == "busy" for one in environments)


@contextmanager
def long_call(server: Server, name: str) -> Iterator[None]:
    """A call has begun and goes on during the block; at its end it has succeeded."""
    with ThreadPoolExecutor(1) as thread:
        called = thread.submit(call, server, name, LONG_S)
        deadline = time.monotonic() + WITHIN_S
        while not is_busy(server, name.partition(":")[0]):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield
        assert called.result().body == "done"


def test_with_one_reserved_a_second_call_of_any_version_is_throttled(shared_server: Server):
    name, other = (shared_server.function({"app.py": APP}, Timeout=30) for _ in range(2))
    shared_server.client().publish_version(FunctionName=name)
    reserve(shared_server, name, 1)
    assert_runs(shared_server, name)
    with long_call(shared_server, name):
        assert_throttled(shared_server, name)
        assert_throttled(shared_server, f"{name}:1")
        assert_runs(shared_server, other)
    assert_runs(shared_server, name)
    assert_runs(shared_server, f"{name}:1")


def test_a_change_holds_from_the_next_call_on_and_what_runs_counts(shared_server: Server):
    name = shared_server.function({"app.py": APP}, Timeout=30)
    with long_call(shared_server, name):
        reserve(shared_server, name, 1)
        assert_throttled(shared_server, name)
        reserve(shared_server, name, 2)
        assert_runs(shared_server, name)
        reserve(shared_server, name, 1)
        shared_server.client().delete_function_concurrency(FunctionName=name)
        assert_runs(shared_server, name)


def test_zero_stops_a_function_until_it_is_taken_back(shared_server: Server):
    name = shared_server.function({"app.py": APP})
    assert_runs(shared_server, name)
    reserve(shared_server, name, 0)
    for _ in range(3):
        assert_throttled(shared_server, name)
    shared_server.client().delete_function_concurrency(FunctionName=name)
    assert_runs(shared_server, name)


def test_when_all_is_provisioned_nothing_else_of_the_function_runs(shared_server: Server):
    client, name = shared_server.client(), shared_server.function({"app.py": APP})
    client.publish_version(FunctionName=name)
    client.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier="1", ProvisionedConcurrentExecutions=1
    )
    with pytest.raises(ClientError, match=r"total provisioned concurrency \[1\]"):
        reserve(shared_server, name, 0)
    reserve(shared_server, name, 1)
    assert_throttled(shared_server, name)
    assert_runs(shared_server, f"{name}:1")
    client.delete_function(FunctionName=name)


def test_a_deleted_function_leaves_nothing_reserved(shared_server: Server):
    client = shared_server.client()
    name = shared_server.function({"app.py": APP})
    reserve(shared_server, name, 0)
    client.delete_function(FunctionName=name)
    shared_server.function({"app.py": APP}, FunctionName=name)
    assert_runs(shared_server, name)


@pytest.mark.full
def test_it_is_there_after_the_server_was_killed(own_server: Server):
    stopped, free = (own_server.function({"app.py": APP}) for _ in range(2))
    reserve(own_server, stopped, 0)
    own_server.kill()
    again = own_server.again()
    try:
        assert_throttled(again, stopped)
        assert_runs(again, free)
        limits = again.client().get_account_settings()["AccountLimit"]
        assert limits["UnreservedConcurrentExecutions"] == limits["ConcurrentExecutions"]
    finally:
        again.stop()
