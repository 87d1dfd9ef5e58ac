"""Of clients that change one thing with the same RevisionId exactly one wins; the others hear why."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from calling import started

from tests.running import Server, zip_of

RACERS = 6
ROUNDS = 4
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:"
CODE = {"app.py": "def handler(event, context):\n    return event\n"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with started(Path(tmp_path_factory.mktemp("races"), "data")) as running:
        yield running


def policy(function: str, sid: str) -> str:
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": f"{FUNCTION}{function}",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def statement(function: str, racer: int, revision: str) -> dict[str, str]:
    return {
        "FunctionName": function,
        "StatementId": f"s{revision[:8]}{racer}",
        "Action": "lambda:InvokeFunction",
        "Principal": "s3.amazonaws.com",
        "RevisionId": revision,
    }


Read = Callable[[Any, str], str]
Change = Callable[[Any, str, int, str], object]

RACES: dict[str, tuple[Read, Change]] = {
    "UpdateFunctionConfiguration": (
        lambda c, f: c.get_function_configuration(FunctionName=f)["RevisionId"],
        lambda c, f, n, r: c.update_function_configuration(FunctionName=f, Description=f"{n}", RevisionId=r),
    ),
    "UpdateFunctionCode": (
        lambda c, f: c.get_function_configuration(FunctionName=f)["RevisionId"],
        lambda c, f, n, r: c.update_function_code(
            FunctionName=f, ZipFile=zip_of({**CODE, "n.txt": f"{n}{r}"}), RevisionId=r
        ),
    ),
    "UpdateAlias": (
        lambda c, f: c.get_alias(FunctionName=f, Name="live")["RevisionId"],
        lambda c, f, n, r: c.update_alias(FunctionName=f, Name="live", Description=f"{n}", RevisionId=r),
    ),
    "AddPermission": (
        lambda c, f: c.get_policy(FunctionName=f)["RevisionId"],
        lambda c, f, n, r: c.add_permission(**statement(f, n, r)),
    ),
    "PutResourcePolicy": (
        lambda c, f: c.get_resource_policy(ResourceArn=f"{FUNCTION}{f}")["RevisionId"],
        lambda c, f, n, r: c.put_resource_policy(
            ResourceArn=f"{FUNCTION}{f}", Policy=policy(f, f"p{n}"), RevisionId=r
        ),
    ),
}


def outcome(change: Callable[[], object]) -> str:
    try:
        change()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "won"


@pytest.mark.parametrize("operation", RACES)
def test_exactly_one_wins(server: Server, operation: str) -> None:
    client = server.client()
    function = server.function(CODE)
    version = client.publish_version(FunctionName=function)["Version"]
    client.create_alias(FunctionName=function, Name="live", FunctionVersion=version)
    client.put_resource_policy(ResourceArn=f"{FUNCTION}{function}", Policy=policy(function, "first"))
    read, change = RACES[operation]
    with ThreadPoolExecutor(RACERS) as pool:
        for _ in range(ROUNDS):
            client.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig={"Delay": 0.05})
            revision, start = read(client, function), threading.Barrier(RACERS)

            def race(number: int, revision: str = revision, start: threading.Barrier = start) -> str:
                start.wait()
                return outcome(lambda: change(client, function, number, revision))

            outcomes = sorted(pool.map(race, range(RACERS)))
            # One that comes while the winner's update is in progress is told that instead.
            losers = {"PreconditionFailedException", "ResourceConflictException"}
            assert outcomes.count("won") == 1, outcomes
            assert set(outcomes) - {"won"} <= losers
            assert read(client, function) != revision
