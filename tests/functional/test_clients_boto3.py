"""boto3, unmodified, against a running server."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.running import ROLE, Server, zip_of

HELLO = {"app.py": "def handler(event, context):\n    return 'hello'\n"}


def create(server: Server, name: str, account: str, region: str = "us-east-1") -> None:
    server.client(account=account, region=region).create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler="app.handler",
        Role=ROLE,
        Code={"ZipFile": zip_of(HELLO)},
    )


def code_of(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str, int]:
    response = error.value.response
    found = response["Error"]
    return found["Code"], found["Message"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_every_waiter_of_a_function_comes_to_its_end(shared_server: Server) -> None:
    name = shared_server.function(HELLO)
    client = shared_server.client()
    client.update_function_configuration(FunctionName=name, Description="waited for")
    for waiter in (
        "function_exists",
        "function_active",
        "function_active_v2",
        "function_updated",
        "function_updated_v2",
    ):
        client.get_waiter(waiter).wait(FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 100})
    found = client.get_function_configuration(FunctionName=name)
    assert (found["State"], found["LastUpdateStatus"], found["Description"]) == (
        "Active",
        "Successful",
        "waited for",
    )


def test_a_waiter_for_a_function_that_never_comes_fails(shared_server: Server) -> None:
    waiter = shared_server.client().get_waiter("function_exists")
    with pytest.raises(WaiterError, match="Max attempts"):
        waiter.wait(FunctionName="never-made", WaiterConfig={"Delay": 0.01, "MaxAttempts": 2})


def test_the_paginator_lists_every_function_once(shared_server: Server) -> None:
    account = "210987654321"
    names = [f"paged-{number}" for number in range(5)]
    for name in names:
        create(shared_server, name, account)
    pages = list(
        shared_server.client(account=account)
        .get_paginator("list_functions")
        .paginate(PaginationConfig={"PageSize": 2})
    )
    assert [len(page["Functions"]) for page in pages] == [2, 2, 1]
    assert sorted(function["FunctionName"] for page in pages for function in page["Functions"]) == names


def test_accounts_and_regions_do_not_see_each_other(shared_server: Server) -> None:
    create(shared_server, "apart", "111122223333", "eu-central-1")
    found = shared_server.client(account="111122223333", region="eu-central-1").get_function(
        FunctionName="apart"
    )
    assert found["Configuration"]["FunctionArn"] == "arn:aws:lambda:eu-central-1:111122223333:function:apart"
    for account, region in (("111122223333", "us-east-1"), ("444455556666", "eu-central-1")):
        with pytest.raises(ClientError) as error:
            shared_server.client(account=account, region=region).get_function(FunctionName="apart")
        arn = f"arn:aws:lambda:{region}:{account}:function:apart"
        assert code_of(error) == ("ResourceNotFoundException", f"Function not found: {arn}", 404)


def test_the_code_location_gives_exactly_the_zip_that_was_uploaded(shared_server: Server) -> None:
    archive = zip_of(HELLO)
    name = shared_server.function(archive)
    location = shared_server.client().get_function(FunctionName=name)["Code"]["Location"]
    with urllib.request.urlopen(location) as answer:
        assert answer.read() == archive


def test_a_code_location_with_another_signature_is_refused(shared_server: Server) -> None:
    name = shared_server.function(HELLO)
    location: str = shared_server.client().get_function(FunctionName=name)["Code"]["Location"]
    assert location[-4:] != "0000"
    with pytest.raises(urllib.error.HTTPError) as error, urllib.request.urlopen(location[:-4] + "0000"):
        pass
    with error.value:
        assert error.value.code == 403


def test_a_second_function_of_the_same_name_is_a_conflict(shared_server: Server) -> None:
    create(shared_server, "twice", "100000000001")
    with pytest.raises(ClientError) as error:
        create(shared_server, "twice", "100000000001")
    assert code_of(error) == ("ResourceConflictException", "Function already exist: twice", 409)


def test_a_deleted_function_is_gone_and_its_name_free(shared_server: Server) -> None:
    client = shared_server.client()
    name = shared_server.function(HELLO)
    assert client.invoke(FunctionName=name)["StatusCode"] == 200
    client.delete_function(FunctionName=name)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.invoke(FunctionName=name)
    shared_server.function(
        {"app.py": "def handler(event, context):\n    return 'second'\n"}, FunctionName=name
    )
    assert json.loads(client.invoke(FunctionName=name)["Payload"].read()) == "second"
