"""The page of a function: its code, tests, configuration, versions and aliases."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.console.conftest import Console
from tests.running import Server

MARKUP = "<img src=x onerror=alert(1)>"
BINARY = b"\xff\xfe\x00broken"
CODE: dict[str, str | bytes] = {
    "app.py": "def handler(event, context):\n    print('seen')\n    return event\n",
    "data.bin": BINARY,
}
STREAMS: dict[str, str | bytes] = {
    "app.mjs": "export const handler = awslambda.streamifyResponse(async (event, out) => {\n"
    "  out.write('one ');\n  out.write('two');\n  out.end();\n});\n"
}
TABS = ("code", "test", "configuration", "versions")


@pytest.fixture
def name(server: Server) -> Iterator[str]:
    made = server.function(CODE, Description=MARKUP, Environment={"Variables": {"MARKUP": MARKUP}})
    yield made


def code_of(server: Server, name: str) -> dict[str, bytes]:
    import io
    import urllib.request
    import zipfile

    location = server.client().get_function(FunctionName=name)["Code"]["Location"]
    with urllib.request.urlopen(location, timeout=30) as answer, zipfile.ZipFile(io.BytesIO(answer.read())) as archive:
        return {one: archive.read(one) for one in archive.namelist()}


def write(page: Page, label: str | re.Pattern[str], text: str) -> None:
    """Put text in place of what an editor holds."""
    editor = page.get_by_role("textbox", name=label)
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def test_code_is_changed_deployed_and_tested_and_other_files_stay_as_they_were(
    console: Console, server: Server, name: str
) -> None:
    page = console.open(f"/functions/{name}")
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    expect(page.get_by_text(MARKUP).first).to_be_visible()
    page.get_by_role("link", name="data.bin").click()
    expect(page.get_by_text("no text in UTF-8")).to_be_visible()
    page.get_by_role("link", name="app.py").click()
    write(page, "Code of app.py", "gone")
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_role("textbox", name="Code of app.py")).to_contain_text("print('seen')")
    write(page, "Code of app.py", "def handler(event, context):\n  return {'new': event}\n")
    expect(page.get_by_text("1 not deployed")).to_be_visible()
    page.get_by_role("button", name="Deploy").click()
    expect(page.get_by_text(f"{name} runs the new code.")).to_be_visible()
    expect(page.get_by_text("1 not deployed")).to_have_count(0)
    assert code_of(server, name)["data.bin"] == BINARY
    assert b"'new'" in code_of(server, name)["app.py"]

    page.get_by_role("button", name="Test", exact=True).click()
    page.get_by_role("tabpanel").get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_text("The function succeeded")).to_be_visible()
    expect(page.get_by_label("Response", exact=True)).to_contain_text('"new"')
    expect(page.get_by_label("Log output")).to_contain_text("REPORT RequestId")


def test_an_error_of_the_function_is_shown_with_its_trace(console: Console, server: Server) -> None:
    name = server.function({"app.py": f"def handler(event, context):\n    raise ValueError('{MARKUP}')\n"})
    page = console.open(f"/functions/{name}/test")
    write(page, "Event JSON", "{")
    expect(page.get_by_text("The event is not JSON")).to_be_visible()
    panel = page.get_by_role("tabpanel")
    expect(panel.get_by_role("button", name="Test", exact=True)).to_be_disabled()
    write(page, "Event JSON", '{"mine": 1}')
    panel.get_by_label("Name of the event").fill("Mine")
    panel.get_by_role("button", name="Save").click()
    panel.get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_text("The function failed")).to_be_visible()
    expect(page.get_by_label("Response", exact=True)).to_contain_text(MARKUP)
    page.reload()
    panel.get_by_role("button", name=re.compile("^Event")).click()
    page.get_by_role("option", name="Mine").click()
    expect(page.get_by_role("textbox", name="Event JSON")).to_contain_text('"mine"')


def test_a_streaming_response_is_shown_and_one_that_breaks_off_is_no_success(console: Console, server: Server) -> None:
    name = server.function(STREAMS, Runtime="nodejs22.x")
    page = console.open(f"/functions/{name}/test")
    page.get_by_text("Show the response while it streams").click()
    test = page.get_by_role("tabpanel").get_by_role("button", name="Test", exact=True)
    test.click()
    expect(page.get_by_label("Response", exact=True)).to_have_text("one two")

    def broken(route: Route) -> None:
        route.fulfill(body=route.fetch().body()[:-8])

    page.route("**/response-streaming-invocations", broken)
    test.click()
    expect(page.get_by_text("The response broke off", exact=True)).to_be_visible()
    expect(page.get_by_text("The function succeeded")).to_have_count(0)


def test_the_configuration_is_changed(console: Console, server: Server, name: str) -> None:
    page = console.open(f"/functions/{name}/configuration")
    page.get_by_label("Memory (MB)").fill("256")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(f"{name} is updated")).to_be_visible()
    page.get_by_role("button", name="Add variable").click()
    page.get_by_label("Key 2").fill("MODE")
    page.get_by_label("Value 2").fill("fast")
    page.get_by_role("button", name="Save variables").click()
    expect(page.get_by_text("The variables are saved")).to_be_visible()
    now = server.client().get_function_configuration(FunctionName=name)
    assert now["MemorySize"] == 256
    assert now["Environment"]["Variables"] == {"MARKUP": MARKUP, "MODE": "fast"}


def test_a_version_is_published_and_an_alias_points_to_it(console: Console, server: Server, name: str) -> None:
    page = console.open(f"/functions/{name}/versions")
    page.get_by_role("button", name="Publish new version").click()
    expect(page.get_by_role("rowheader", name="1", exact=True)).to_be_visible()
    page.get_by_label("Alias", exact=True).fill("live")
    page.get_by_role("button", name="Point the alias").click()
    expect(page.get_by_role("rowheader", name="live")).to_be_visible()
    assert server.client().get_alias(FunctionName=name, Name="live")["FunctionVersion"] == "$LATEST"


def test_a_function_that_was_deleted_elsewhere_leads_back_to_the_list(
    console: Console, server: Server, name: str
) -> None:
    page = console.open(f"/functions/{name}/test")
    expect(page.get_by_role("textbox", name="Event JSON")).to_be_visible()
    server.client().delete_function(FunctionName=name)
    page.get_by_role("tabpanel").get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_text("Function not found")).to_be_visible()
    page.reload()
    expect(page.get_by_text("There is no such function any more")).to_be_visible()
    page.get_by_role("link", name="To the list of functions").click()
    expect(page.get_by_role("heading", name="Functions", level=1)).to_be_visible()


def test_a_panel_that_is_denied_leaves_the_others(console: Console, name: str) -> None:
    def deny(route: Route) -> None:
        route.fulfill(status=403, json={"message": "not yours"}, headers={"x-amzn-errortype": "AccessDeniedException"})

    console.page.route("**/event-source-mappings/**", deny)
    console.page.route("**/policy", deny)
    page = console.open(f"/functions/{name}/configuration")
    expect(page.get_by_text("The resource policy could not be read")).to_be_visible()
    expect(page.get_by_label("Memory (MB)")).to_have_value("512")


def test_the_function_is_deleted_in_the_danger_zone(console: Console, server: Server, name: str) -> None:
    page = console.open(f"/functions/{name}/configuration")
    zone = page.get_by_role("heading", name="Danger zone")
    zone.scroll_into_view_if_needed()
    page.get_by_role("tabpanel").get_by_role("button", name="Delete function").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("delete")
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("heading", name="Functions", level=1)).to_be_visible()
    listed = json.dumps(server.client().list_functions()["Functions"], default=str)
    assert name not in listed


@pytest.mark.parametrize("tab", TABS)
def test_each_tab_is_accessible_in_the_dark_on_a_phone(
    opened: Callable[..., Console], server: Server, name: str, tab: str
) -> None:
    console = opened(server, dark=True, width=375, height=800)
    page = console.open(f"/functions/{name}/{tab}")
    expect(page.get_by_role("tabpanel")).to_be_visible()
    expect(page.get_by_text(re.compile("^Loading"))).to_have_count(0)
    assert console.violations() == []
    console.picture(f"function-{tab}")
