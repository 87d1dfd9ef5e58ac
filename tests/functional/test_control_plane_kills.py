"""kill -9 between any two writes of the control plane: every setting is what was acknowledged last, and whole."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from calling import client_of, started

from tests.forms import sizes
from tests.running import ROLE, Server, zip_of

ALONE = ("--neighbours", "none")
"""Mappings are configuration then; their queues need not exist."""

QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"
CODE = zip_of({"app.py": "def handler(event, context):\n    return event\n"})
Key = tuple[str, str]


def absent(read: Callable[[], Any]) -> Any:
    """What is read; None when there is nothing."""
    try:
        return read()
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        return None


@dataclass(frozen=True)
class Setting:
    """Something of a function that is set to one number after another, and read back.

    Attributes:
        write: sets it to a number that is one higher than before.
        read: the number, or None before the first.
    """

    write: Callable[[Any, str, int], object]
    read: Callable[[Any, str], int | None]


def _alias(client: Any, function: str, number: int) -> object:
    given = {"FunctionName": function, "Name": "live", "FunctionVersion": "1", "Description": str(number)}
    return client.create_alias(**given) if number == 1 else client.update_alias(**given)


def _url(client: Any, function: str, number: int) -> object:
    given = {"FunctionName": function, "AuthType": "NONE", "Cors": {"MaxAge": number}}
    return (
        client.create_function_url_config(**given)
        if number == 1
        else client.update_function_url_config(**given)
    )


def _policy(client: Any, function: str, number: int) -> object:
    return client.add_permission(
        FunctionName=function,
        StatementId=f"s{number}",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
    )


def _statements(client: Any, function: str) -> int | None:
    policy = absent(lambda: client.get_policy(FunctionName=function)["Policy"])
    if policy is None:
        return None
    sids = [statement["Sid"] for statement in json.loads(policy)["Statement"]]
    assert sids == [f"s{number}" for number in range(1, len(sids) + 1)]
    return len(sids)


def _versions(client: Any, function: str) -> int | None:
    pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=function)
    numbers = [version["Version"] for page in pages for version in page["Versions"]][1:]
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    return len(numbers) - 1 or None


def _publish(client: Any, function: str, number: int) -> object:
    client.update_function_configuration(FunctionName=function, Description=f"to publish {number}")
    client.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig={"Delay": 0.02})
    return client.publish_version(FunctionName=function)


SETTINGS = {
    "alias": Setting(
        _alias,
        lambda c, f: absent(lambda: int(c.get_alias(FunctionName=f, Name="live")["Description"])),
    ),
    "url": Setting(
        _url, lambda c, f: absent(lambda: c.get_function_url_config(FunctionName=f)["Cors"]["MaxAge"])
    ),
    "policy": Setting(_policy, _statements),
    "reserved": Setting(
        lambda c, f, n: c.put_function_concurrency(FunctionName=f, ReservedConcurrentExecutions=n % 30),
        lambda c, f: c.get_function_concurrency(FunctionName=f).get("ReservedConcurrentExecutions"),
    ),
    "event invoke": Setting(
        lambda c, f, n: c.put_function_event_invoke_config(FunctionName=f, MaximumEventAgeInSeconds=60 + n),
        lambda c, f: absent(
            lambda: c.get_function_event_invoke_config(FunctionName=f)["MaximumEventAgeInSeconds"] - 60
        ),
    ),
    "tags": Setting(
        lambda c, f, n: c.tag_resource(Resource=arn(f), Tags={"n": str(n)}),
        lambda c, f: int(c.list_tags(Resource=arn(f))["Tags"].get("n", 0)) or None,
    ),
    "versions": Setting(_publish, _versions),
}


def arn(function: str) -> str:
    return f"arn:aws:lambda:us-east-1:000000000000:function:{function}"


@dataclass
class Acknowledged:
    """What each setting of each function may be: one number, or two while a call is under way."""

    allowed: dict[Key, set[int | None]] = field(default_factory=dict)
    mappings: set[str] = field(default_factory=set)


def make(server: Server, name: str) -> None:
    client = client_of(server)
    client.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler="app.handler",
        Role=ROLE,
        Code={"ZipFile": CODE},
        Publish=True,
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.02})


def work(server: Server, function: str, said: Acknowledged) -> None:
    """Set everything to the next number, one after another, until the server is gone."""
    client = client_of(server)
    with contextlib.suppress(BotoCoreError, ClientError):
        while True:
            for kind, setting in SETTINGS.items():
                before = setting.read(client, function)
                number = (before or 0) + 1
                said.allowed[kind, function] = {before, number}
                setting.write(client, function, number)
                said.allowed[kind, function] = {number}
            mapping = client.create_event_source_mapping(
                FunctionName=function, EventSourceArn=f"{QUEUE}-{time.time_ns()}"
            )
            said.mappings.add(mapping["UUID"])


def check(server: Server, said: Acknowledged) -> None:
    client = client_of(server)
    for (kind, function), allowed in said.allowed.items():
        assert SETTINGS[kind].read(client, function) in allowed, (kind, function)
    pages = client.get_paginator("list_event_source_mappings").paginate()
    found = {mapping["UUID"] for page in pages for mapping in page["EventSourceMappings"]}
    assert said.mappings <= found
    for uuid in found:
        assert client.get_event_source_mapping(UUID=uuid)["UUID"] == uuid


def _wait_for_each_kind(said: Acknowledged) -> None:
    """The last round lasts until everything was acknowledged once, however busy the machine is."""
    deadline = time.monotonic() + 20
    while not said.mappings and time.monotonic() < deadline:
        time.sleep(0.05)


@pytest.mark.parametrize("rounds", sizes(2, full=5))
def test_every_acknowledged_setting_survives_kill_9(tmp_path: Path, rounds: int) -> None:
    said, functions = Acknowledged(), [f"f{number}" for number in range(3)]
    with started(tmp_path / "data", *ALONE) as server:
        for name in functions:
            make(server, name)
    for round_number in range(rounds):
        with started(tmp_path / "data", *ALONE) as server:
            check(server, said)
            threads = [threading.Thread(target=work, args=(server, name, said)) for name in functions]
            for thread in threads:
                thread.start()
            time.sleep(0.3 + 0.11 * round_number)
            if round_number == rounds - 1:
                _wait_for_each_kind(said)
            server.kill()
            for thread in threads:
                thread.join()
    assert len(said.allowed) == len(SETTINGS) * len(functions)
    assert said.mappings
    with started(tmp_path / "data", *ALONE) as server:
        check(server, said)
        client = client_of(server)
        for name in functions:
            client.delete_function(FunctionName=name)
            make(server, name)
            assert SETTINGS["policy"].read(client, name) is None, "nothing of the old function comes back"
            assert SETTINGS["alias"].read(client, name) is None
            assert SETTINGS["reserved"].read(client, name) is None
