"""What can go wrong on the page of a function, and what must not be lost there."""

from __future__ import annotations

import io
import re
import urllib.request
import zipfile

import pytest
from playwright.sync_api import Page, Route, expect

from tests.console.conftest import Console
from tests.running import Server

BINARY = b"\xff\xfe\x00broken"
CODE: dict[str, str | bytes] = {
    "app.py": b"def handler(event, context):\r\n    return event\r\n",
    "data.bin": BINARY,
}
STREAMS: dict[str, str | bytes] = {
    "app.mjs": "export const handler = awslambda.streamifyResponse(async (event, out) => {\n"
    "  out.write('one ');\n  out.write('two');\n  out.end();\n});\n"
}


@pytest.fixture
def name(server: Server) -> str:
    return server.function(CODE)


def code_of(server: Server, name: str) -> dict[str, bytes]:
    location = server.client().get_function(FunctionName=name)["Code"]["Location"]
    with urllib.request.urlopen(location, timeout=30) as answer:
        archive = zipfile.ZipFile(io.BytesIO(answer.read()))
    return {one: archive.read(one) for one in archive.namelist()}


def write(page: Page, label: str, text: str) -> None:
    """Put text in place of what an editor holds."""
    page.get_by_role("textbox", name=label).click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def deny(route: Route) -> None:
    route.fulfill(
        status=403, json={"message": "not yours"}, headers={"x-amzn-errortype": "AccessDeniedException"}
    )


@pytest.mark.full
def test_discarding_brings_the_code_back_and_deploying_keeps_what_was_not_edited(
    console: Console, server: Server, name: str
) -> None:
    page = console.open(f"/functions/{name}")
    write(page, "Code of app.py", "gone")
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_role("textbox", name="Code of app.py")).to_contain_text("return event")
    page.get_by_role("textbox", name="Code of app.py").click()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text("VERSION = 2")
    page.get_by_role("button", name="Deploy").click()
    expect(page.get_by_text(f"{name} runs the new code.")).to_be_visible()
    assert code_of(server, name) == {
        "app.py": b"def handler(event, context):\r\n    return event\r\nVERSION = 2",
        "data.bin": BINARY,
    }


def test_a_file_that_is_no_archive_cannot_replace_the_code(console: Console, name: str) -> None:
    page = console.open(f"/functions/{name}")
    upload = {"name": "code.zip", "mimeType": "application/zip", "buffer": b"not a zip"}
    page.locator("input[type=file]").set_input_files([upload])
    expect(page.get_by_text("code.zip is not a .zip file")).to_be_visible()
    expect(page.get_by_role("button", name="Replace the code")).to_be_disabled()


@pytest.mark.full
def test_an_event_that_is_no_json_is_not_sent_and_a_saved_one_is_there_again(
    console: Console, name: str
) -> None:
    page = console.open(f"/functions/{name}/test")
    panel = page.get_by_role("tabpanel")
    write(page, "Event JSON", "{")
    expect(page.get_by_text("The event is not JSON")).to_be_visible()
    expect(panel.get_by_role("button", name="Test", exact=True)).to_be_disabled()
    write(page, "Event JSON", '{"mine": 1}')
    panel.get_by_label("Name of the event").fill("Mine")
    panel.get_by_role("button", name="Save").click()
    page.reload()
    panel.get_by_role("button", name=re.compile("^Event")).click()
    page.get_by_role("option", name="Mine").click()
    expect(page.get_by_role("textbox", name="Event JSON")).to_contain_text('"mine"')


def test_a_stream_is_shown_and_one_that_breaks_off_is_no_success(console: Console, server: Server) -> None:
    name = server.function(STREAMS, Runtime="nodejs20.x")
    page = console.open(f"/functions/{name}/test")
    page.get_by_text("Show the response while it streams").click()
    test = page.get_by_role("tabpanel").get_by_role("button", name="Test", exact=True)
    test.click()
    expect(page.get_by_label("Response", exact=True)).to_have_text("one two")
    page.route(
        "**/response-streaming-invocations*", lambda route: route.fulfill(body=route.fetch().body()[:-8])
    )
    test.click()
    expect(page.get_by_text("The response broke off", exact=True)).to_be_visible()
    expect(page.get_by_text("The function succeeded")).to_have_count(0)


def test_a_panel_that_is_denied_leaves_the_others(console: Console, name: str) -> None:
    console.page.route("**/event-source-mappings/**", deny)
    console.page.route("**/policy", deny)
    page = console.open(f"/functions/{name}/configuration")
    expect(page.get_by_text("The resource policy could not be read")).to_be_visible()
    expect(page.get_by_label("Memory (MB)")).to_have_value("512")


def test_a_function_deleted_in_another_tab_is_told_and_the_danger_zone_asks_first(
    console: Console, server: Server, name: str
) -> None:
    page = console.open(f"/functions/{name}/configuration")
    page.get_by_role("button", name="Delete function").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Delete", exact=True)).to_be_disabled()
    server.client().delete_function(FunctionName=name)
    dialog.get_by_role("textbox").fill("delete")
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("link", name="To the list of functions")).to_be_visible()


@pytest.mark.full
def test_logging_and_provisioned_concurrency_are_set(console: Console, server: Server, name: str) -> None:
    client = server.client()
    version = client.publish_version(FunctionName=name)["Version"]
    page = console.open(f"/functions/{name}/configuration")
    page.get_by_label("Version or alias").fill(version)
    page.get_by_role("button", name="Keep ready").click()
    expect(page.get_by_role("rowheader", name=version, exact=True)).to_be_visible()
    page.get_by_role("button", name=re.compile("^Log format")).click()
    page.get_by_role("option", name="JSON").click()
    page.get_by_role("button", name="Save logging").click()
    expect(page.get_by_text("New environments write their log so.")).to_be_visible()
    assert client.get_function_configuration(FunctionName=name)["LoggingConfig"]["LogFormat"] == "JSON"
    assert console.violations() == []
