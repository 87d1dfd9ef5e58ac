"""The way of the tutorial, from a role to the graphs of a function that uses it, on one server."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.console.conftest import Console
from tests.running import Server


def test_from_a_role_to_a_function_its_code_a_test_its_log_and_its_graphs(
    console: Console, server: Server
) -> None:
    page = console.open("/iam/roles/create")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("AWSLambdaBasicExecutionRole").first).to_be_visible()
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Role name").fill("of-orders")
    page.get_by_role("button", name="Create role").click()
    page.wait_for_url("**/iam/roles/of-orders")

    page.get_by_role("link", name="Functions", exact=True).first.click()
    page.get_by_role("button", name="Create function").click()
    expect(page.get_by_role("radio", name="Container image")).to_be_disabled()
    expect(page.get_by_text("lambdad runs no container images").first).to_be_visible()
    page.get_by_role("radio", name="Use a blueprint").check()
    page.get_by_role("button", name="Blueprint").click()
    page.get_by_role("option", name=re.compile("Kinesis stream")).click()
    page.get_by_role("radio", name="Use an existing role").check()
    page.get_by_role("button", name="Existing role").click()
    page.get_by_role("option", name=re.compile("of-orders")).click()
    page.get_by_label("Function name").fill("orders")
    console.picture("create-function")
    page.get_by_role("button", name="Create function").click()
    page.wait_for_url("**/console/functions/orders")

    editor = page.get_by_role("textbox", name="Code of lambda_function.py")
    expect(editor).to_contain_text("def work_on")
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text("    print('by the new code')\n")
    page.get_by_role("button", name="Deploy").click()
    expect(page.get_by_text("orders runs the new code.")).to_be_visible()

    page.get_by_role("tab", name="Test", exact=True).click()
    panel = page.get_by_role("tabpanel")
    panel.get_by_role("button", name=re.compile("^Event")).click()
    page.get_by_role("option", name="Kinesis", exact=True).click()
    panel.get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_text("The function succeeded")).to_be_visible()
    expect(page.get_by_label("Response", exact=True)).to_contain_text('"batchItemFailures": []')

    page.get_by_role("tab", name="Logs", exact=True).click()
    expect(page.get_by_role("log", name="Log events")).to_contain_text("by the new code")
    page.get_by_role("tab", name="Monitor", exact=True).click()
    expect(page.get_by_role("img", name="Invocations: at most 1", exact=True)).to_be_visible()
    expect(page.get_by_role("img", name="Cold starts: at most 1", exact=True)).to_be_visible()
    role = server.client().get_function_configuration(FunctionName="orders")["Role"]
    assert role.endswith(":role/of-orders")
