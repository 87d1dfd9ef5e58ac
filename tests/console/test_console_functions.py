"""The list of functions, and the page that creates them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.console.acting import MARKUP, key_of_new
from tests.console.conftest import Console, sign_in
from tests.running import Server, zip_of

CODE: dict[str, str | bytes] = {
    "app.py": "def handler(event, context):\n    if event:\n        raise ValueError\n"
}
BASIC = "AWSLambdaBasicExecutionRole"
OF_MANY = 1_000


@pytest.fixture(scope="module")
def called(server: Server) -> str:
    """A function with three calls, of which one failed."""
    name = server.function(CODE, FunctionName="called", Description=MARKUP)
    server.function(CODE, FunctionName="waits", Runtime="nodejs20.x", Architectures=["arm64"])
    for event in (b"0", b"0", b"1"):
        server.client().invoke(FunctionName=name, Payload=event)
    return name


def create(page: Page, name: str) -> None:
    page.get_by_label("Function name").fill(name)
    page.get_by_role("button", name="Create function").click()


def test_the_list_tells_what_functions_did_and_narrows_them_down(console: Console, called: str) -> None:
    page = console.open("/functions")
    expect(page.get_by_role("img", name="Last 3 hours: 3 invocations, 1 errors")).to_be_visible()
    expect(page.get_by_text(MARKUP)).to_be_visible()
    assert console.violations() == []
    console.picture("functions")
    page.get_by_label("Find functions", exact=True).fill("CALL")
    expect(page.get_by_role("link", name="waits")).to_have_count(0)
    expect(page.get_by_text("1 of 2").first).to_be_visible()
    page.get_by_label("Find functions", exact=True).fill("")
    page.get_by_role("button", name=re.compile("architecture")).click()
    page.get_by_role("option", name="arm64").click()
    expect(page.get_by_role("link", name="waits")).to_be_visible()
    expect(page.get_by_role("link", name=called)).to_have_count(0)


def test_a_thousand_functions_are_shown_in_pages(console: Console, server: Server) -> None:
    def many(route: Route) -> None:
        first = {**route.fetch().json()["Functions"][0], "Description": ""}
        found = [
            {**first, "FunctionName": f"one-{number:04}", "FunctionArn": f"{first['FunctionArn']}-{number}"}
            for number in range(OF_MANY)
        ]
        route.fulfill(json={"Functions": found})

    server.function(CODE)
    console.page.route("**/2015-03-31/functions/*", many)
    page = console.open("/functions")
    expect(page.get_by_text("(1000)")).to_be_visible()
    assert page.get_by_role("row").count() <= 30
    page.get_by_role("button", name="Page 40").click()
    expect(page.get_by_role("link", name="one-0999")).to_be_visible()


def test_who_may_not_read_metrics_sees_the_list_and_why_the_rest_is_missing(
    server: Server, called: str, opened: Callable[..., Console]
) -> None:
    tab = opened(server)
    sign_in(tab, key_of_new(server, "reader", ["lambda:List*", "lambda:Get*"]))
    page = tab.open("/functions")
    expect(page.get_by_role("link", name=called)).to_be_visible()
    expect(page.get_by_text("Invocations and errors could not be read")).to_be_visible()
    expect(page.get_by_text("Request ID:")).to_be_visible()
    expect(page.get_by_text("cloudwatch:GetMetricData")).to_be_visible()


def test_a_function_is_deleted_after_the_word_was_typed(console: Console, server: Server) -> None:
    name = server.function(CODE)
    page = console.open("/functions")
    page.get_by_role("radio", name=name).check()
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Delete")).to_be_disabled()
    dialog.get_by_label("To confirm, type delete").fill("delete")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_text(f"{name} is deleted.")).to_be_visible()
    expect(page.get_by_role("link", name=name)).to_have_count(0)


def test_a_function_from_scratch_has_a_role_of_its_own_and_can_be_called(
    console: Console, server: Server
) -> None:
    page = console.open("/create/function")
    expect(page.get_by_role("heading", name="Create function")).to_be_visible()
    assert console.violations() == []
    create(page, "from-scratch")
    page.wait_for_url("**/console/functions/from-scratch")
    answer = json.load(
        server.client().invoke(FunctionName="from-scratch", Payload=b'{"name": "Ada"}')["Payload"]
    )
    assert answer == {"greeting": "Hello, Ada!"}
    role = server.client().get_function_configuration(FunctionName="from-scratch")["Role"].rpartition("/")[2]
    attached = server.client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert [one["PolicyName"] for one in attached] == [BASIC]


def test_a_name_that_is_taken_is_refused_before_a_role_is_made(
    console: Console, server: Server, called: str
) -> None:
    before = roles(server)
    page = console.open("/create/function")
    create(page, "no spaces")
    expect(page.get_by_text("and no spaces")).to_be_visible()
    create(page, called)
    expect(page.get_by_text(f"There is a function {called} already")).to_be_visible()
    assert roles(server) == before


def test_a_blueprint_is_created_with_an_existing_role(console: Console, server: Server) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = server.client("iam").create_role(RoleName="of-lambda", AssumeRolePolicyDocument=document)["Role"][
        "Arn"
    ]
    server.client("iam").create_role(
        RoleName="of-ec2", AssumeRolePolicyDocument=document.replace("lambda.", "ec2.")
    )
    page = console.open("/create/function")
    page.get_by_role("radio", name="Use a blueprint").check()
    page.get_by_role("button", name="Blueprint").click()
    page.get_by_role("option", name=re.compile("SQS batch")).click()
    page.get_by_role("radio", name="Use an existing role").check()
    page.get_by_role("button", name="Existing role").click()
    expect(page.get_by_role("option", name=re.compile("of-ec2"))).to_have_count(0)
    page.get_by_role("option", name=re.compile("of-lambda")).click()
    create(page, "from-blueprint")
    page.wait_for_url("**/console/functions/from-blueprint")
    event: dict[str, Any] = {
        "Records": [{"messageId": "a", "body": "{}"}, {"messageId": "b", "body": "no JSON"}]
    }
    found = server.client().invoke(FunctionName="from-blueprint", Payload=json.dumps(event))["Payload"]
    assert json.load(found) == {"batchItemFailures": [{"itemIdentifier": "b"}]}
    assert server.client().get_function_configuration(FunctionName="from-blueprint")["Role"] == role


def test_a_zip_is_created_and_another_file_is_refused(
    console: Console, server: Server, tmp_path: Path
) -> None:
    wrong, right = tmp_path / "code.zip", tmp_path / "right.zip"
    wrong.write_text("def handler(): pass")
    right.write_bytes(zip_of({"app.py": "def handler(event, context):\n    return 42\n"}))
    page = console.open("/create/function")
    page.get_by_role("radio", name="Upload a .zip file").check()
    create(page, "from-zip")
    expect(page.get_by_text("Choose the .zip file with the code.")).to_be_visible()
    page.locator("input[type=file]").set_input_files(wrong)
    expect(page.get_by_text("code.zip is not a .zip file")).to_be_visible()
    page.locator("input[type=file]").set_input_files(right)
    page.get_by_label("Handler").fill("app.handler")
    create(page, "from-zip")
    page.wait_for_url("**/console/functions/from-zip")
    assert json.load(server.client().invoke(FunctionName="from-zip")["Payload"]) == 42


def test_a_part_that_does_not_come_is_loaded_again(console: Console) -> None:
    lost: list[str] = []

    def lose_once(route: Route) -> None:
        if lost:
            route.fallback()
        else:
            lost.append(route.request.url)
            route.fulfill(status=404)

    console.page.route("**/assets/CreateFunction-*.js", lose_once)
    console.open("/create/function")
    expect(console.page.get_by_role("heading", name="Create function")).to_be_visible()
    assert lost


def test_what_only_reads_is_asked_again_when_the_connection_breaks(console: Console, called: str) -> None:
    broken: list[str] = []

    def break_once(route: Route) -> None:
        if broken:
            route.fallback()
        else:
            broken.append(route.request.url)
            route.abort("connectionreset")

    console.page.route("**/2015-03-31/functions/*", break_once)
    page = console.open("/functions")
    expect(page.get_by_role("link", name=called)).to_be_visible()
    assert broken


def roles(server: Server) -> list[str]:
    return [one["RoleName"] for one in server.client("iam").list_roles()["Roles"]]
