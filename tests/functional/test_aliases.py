"""Aliases on a real server: called by every name, split by weight, moved between calls, and kept warm."""

from __future__ import annotations

import json
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from calling import call, started
from stream_calls import Streamed
from traces import left_after

from tests.running import Server, zip_of

ACCOUNT = "000000000000"
PROVISIONED = "provisioned-concurrency"
WITHIN_S = 60.0
CALLS = 400
APP = """
import os, time
BORN = time.time()
def handler(event, context):
    return {
        "arn": context.invoked_function_arn, "version": context.function_version, "born": BORN,
        "type": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"],
    }
"""


def arn_of(name: str, qualifier: str) -> str:
    return f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}:{qualifier}"


def published(server: Server, versions: int = 2) -> str:
    """A function with so many versions."""
    client, name = server.client(), server.function({"app.py": APP})
    for number in range(versions):
        archive = zip_of({"app.py": f"{APP}# {number}\n"})
        client.update_function_code(FunctionName=name, ZipFile=archive)
        client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05})
        client.publish_version(FunctionName=name)
    return name


def alias(server: Server, name: str, alias: str = "live", version: str = "1", **weights: float) -> str:
    """Make an alias; its full name."""
    server.client().create_alias(
        FunctionName=name,
        Name=alias,
        FunctionVersion=version,
        RoutingConfig={"AdditionalVersionWeights": weights},
    )
    return f"{name}:{alias}"


def move(server: Server, name: str, version: str, **weights: float) -> None:
    server.client().update_alias(
        FunctionName=name,
        Name="live",
        FunctionVersion=version,
        RoutingConfig={"AdditionalVersionWeights": weights},
    )


def put(server: Server, name: str, requested: int, qualifier: str = "live") -> None:
    server.client().put_provisioned_concurrency_config(
        FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=requested
    )


def until(found: Callable[[], Any], what: str) -> Any:
    """What `found` gives once it gives something."""
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        if result := found():
            return result
        time.sleep(0.05)
    raise AssertionError(f"not within {WITHIN_S} s: {what}")


def until_ready(server: Server, name: str, qualifier: str = "live") -> None:
    def is_ready() -> bool:
        answer = server.client().get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)
        return bool(answer["Status"] == "READY")

    until(is_ready, "READY")


def kept(server: Server, name: str) -> Counter[str]:
    """How many provisioned environments each version of a function has."""
    with urllib.request.urlopen(f"{server.url}/lambdad/v1/status") as answer:
        environments = json.load(answer)["environments"]
    return Counter(
        one["version"]
        for one in environments
        if one["function"] == name and one["initialization_type"] == PROVISIONED
    )


@pytest.fixture(scope="module")
def named(shared_server: Server) -> Iterator[str]:
    """A function with versions 1 and 2 and an alias `live` of version 2."""
    name = published(shared_server)
    alias(shared_server, name, "live", "2")
    yield name
    shared_server.client().delete_function(FunctionName=name)


NAMES = [
    ("{name}", {"Qualifier": "live"}),
    ("{name}:live", {}),
    ("{name}:live", {"Qualifier": "live"}),
    (ACCOUNT + ":{name}:live", {}),
    (ACCOUNT + ":function:{name}:live", {}),
    ("arn:aws:lambda:us-east-1:" + ACCOUNT + ":function:{name}:live", {}),
    ("arn:aws:lambda:us-east-1:" + ACCOUNT + ":function:{name}", {"Qualifier": "live"}),
]


@pytest.mark.parametrize(("function", "given"), NAMES, ids=str)
def test_an_alias_is_called_by_every_name_it_has(
    shared_server: Server, named: str, function: str, given: dict[str, str]
):
    for _ in range(2):  # looked up, and remembered
        answer = call(shared_server, function.format(name=named), **given)
        assert answer.version == "2"
        assert (answer.body["version"], answer.body["arn"]) == ("2", arn_of(named, "live"))


@pytest.mark.parametrize(("function", "given"), NAMES, ids=str)
def test_a_streamed_call_and_a_dry_run_know_the_alias_by_every_name(
    shared_server: Server, named: str, function: str, given: dict[str, str]
):
    client, asked = shared_server.client(), {"FunctionName": function.format(name=named), **given}
    streamed = Streamed(client.invoke_with_response_stream(**asked))
    assert json.loads(streamed.rest().body)["arn"] == arn_of(named, "live")
    assert streamed.response["ExecutedVersion"] == "2"
    assert client.invoke(InvocationType="DryRun", **asked)["StatusCode"] == 204


def test_an_alias_that_is_not_there_is_not_found(shared_server: Server, named: str):
    for asked in ({"FunctionName": f"{named}:beta"}, {"FunctionName": named, "Qualifier": "beta"}):
        with pytest.raises(ClientError) as refused:
            shared_server.client().invoke(**asked)
        assert refused.value.response["Error"] == {
            "Code": "ResourceNotFoundException",
            "Message": f"Function not found: {arn_of(named, 'beta')}",
        }


@pytest.mark.parametrize("weight", [pytest.param(0.5, marks=pytest.mark.full), 0.1])
def test_calls_are_split_by_weight(shared_server: Server, weight: float):
    """Within seven standard deviations of what is expected: fails once in 10^11 runs."""
    name = published(shared_server)
    full = alias(shared_server, name, "live", "1", **{"2": weight})
    found: Counter[str] = Counter()
    for _ in range(CALLS):
        answer = call(shared_server, full)
        assert answer.body["arn"] == arn_of(name, "live")
        assert answer.body["version"] == answer.version
        found[answer.body["version"]] += 1
    deviation = (CALLS * weight * (1 - weight)) ** 0.5
    assert abs(found["2"] - CALLS * weight) < 7 * deviation
    assert found["1"] + found["2"] == CALLS
    shared_server.client().delete_function(FunctionName=name)


def test_streamed_calls_are_split_too(shared_server: Server):
    name = published(shared_server)
    full = alias(shared_server, name, "live", "1", **{"2": 0.5})
    found: set[str] = set()
    client = shared_server.client()
    for _ in range(60):  # all the same once in 2^59 runs
        streamed = Streamed(client.invoke_with_response_stream(FunctionName=full))
        version = json.loads(streamed.rest().body)["version"]
        assert streamed.response["ExecutedVersion"] == version
        found.add(version)
    assert found == {"1", "2"}
    client.delete_function(FunctionName=name)


def test_a_moved_alias_counts_from_the_next_call_on_and_throws_nothing_away(shared_server: Server):
    name = published(shared_server)
    full = alias(shared_server, name)
    born = {qualifier: call(shared_server, f"{name}:{qualifier}").body["born"] for qualifier in ("1", "2")}
    latest = call(shared_server, name).body["born"]
    for version in ("1", "2", "1"):
        move(shared_server, name, version)
        assert call(shared_server, full).body["born"] == born[version]
    move(shared_server, name, "1", **{"2": 1.0})
    assert call(shared_server, full).body["born"] == born["2"]
    assert call(shared_server, name).body["born"] == latest
    shared_server.client().delete_alias(FunctionName=name, Name="live")
    with pytest.raises(ClientError, match="Function not found"):
        call(shared_server, full)
    shared_server.client().delete_function(FunctionName=name)


def test_of_clients_that_race_with_one_revision_exactly_one_wins(shared_server: Server):
    name, client = published(shared_server, 1), shared_server.client()
    alias(shared_server, name)

    def update(revision: str, description: str) -> str | None:
        try:
            answer = client.update_alias(
                FunctionName=name, Name="live", RevisionId=revision, Description=description
            )
        except client.exceptions.PreconditionFailedException:
            return None
        return str(answer["RevisionId"])

    with ThreadPoolExecutor(8) as racing:
        for _ in range(10):
            revision = client.get_alias(FunctionName=name, Name="live")["RevisionId"]
            outcomes = list(racing.map(update, [revision] * 8, "abcdefgh"))
            (won,) = [one for one in outcomes if one is not None]
            assert client.get_alias(FunctionName=name, Name="live")["RevisionId"] == won
    client.delete_function(FunctionName=name)


def test_a_version_that_an_alias_points_at_cannot_be_deleted(shared_server: Server, named: str):
    with pytest.raises(ClientError) as refused:
        shared_server.client().delete_function(FunctionName=named, Qualifier="2")
    assert refused.value.response["Error"] == {
        "Code": "ResourceConflictException",
        "Message": "Unable to delete version because the following aliases reference it: [live]",
    }
    assert call(shared_server, f"{named}:live").version == "2"


def test_environments_are_kept_where_the_alias_points(shared_server: Server):
    name = published(shared_server)
    full = alias(shared_server, name)
    put(shared_server, name, 2)
    until_ready(shared_server, name)
    assert kept(shared_server, name) == {"1": 2}
    called_at = time.time()
    answer = call(shared_server, full).body
    assert (answer["type"], answer["version"], answer["born"] < called_at) == (PROVISIONED, "1", True)
    move(shared_server, name, "2")
    until_ready(shared_server, name)
    called_at = time.time()
    answer = call(shared_server, full).body
    assert (answer["type"], answer["version"], answer["born"] < called_at) == (PROVISIONED, "2", True)
    until(lambda: kept(shared_server, name) == {"2": 2}, "what the other version kept has ended")
    shared_server.client().delete_alias(FunctionName=name, Name="live")
    until(lambda: not kept(shared_server, name), "nothing is kept any more")
    shared_server.client().delete_function(FunctionName=name)


def test_weights_split_what_is_kept_and_every_call_finds_some(shared_server: Server):
    name = published(shared_server)
    full = alias(shared_server, name)
    put(shared_server, name, 2)
    until_ready(shared_server, name)
    move(shared_server, name, "1", **{"2": 0.5})
    until_ready(shared_server, name)
    until(lambda: kept(shared_server, name) == {"1": 1, "2": 1}, "one each")
    assert {call(shared_server, full).body["type"] for _ in range(60)} == {PROVISIONED}
    shared_server.client().delete_function(FunctionName=name)


def test_a_killed_server_comes_back_with_its_aliases_and_what_they_keep(tmp_path: Path):
    data_dir = tmp_path / "data"
    with started(data_dir) as server:
        name = published(server)
        full = alias(server, name)
        put(server, name, 1)
        move(server, name, "2")
        server.kill()
        with started(data_dir) as again:
            until_ready(again, name)
            assert kept(again, name) == {"2": 1}
            called_at = time.time()
            answer = call(again, full).body
            assert (answer["version"], answer["born"] < called_at) == ("2", True)
    assert left_after(data_dir) == []
