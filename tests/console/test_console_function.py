"""The function's page, as the tutorial goes: test, change the code, look at graphs and log."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Console
from tests.running import Server

SOURCE = "import json\n\ndef handler(event, context):\n    print('greeting', event.get('key1'))\n    return {'hello': event.get('key1'), 'markup': '<b>x</b>'}\n"
FILES = {"app.py": SOURCE, "data.bin": b"\xff\xfe\x00A"}


@pytest.fixture(scope="module")
def function(server: Server) -> str:
    return server.function(FILES)


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()


def shown(page: Page) -> None:
    expect(page.get_by_text("Loading", exact=True)).to_have_count(0)
    expect(page.get_by_text("could not be read")).to_have_count(0)


@pytest.mark.full
def test_a_function_is_tested_changed_and_tested_again(
    console: Console, function: str, server: Server
) -> None:
    page = console.open(f"/functions/{function}")
    expect(page.get_by_role("textbox", name="Code of app.py")).to_contain_text("greeting")
    console.picture("function-code")
    assert console.violations() == []

    tab(page, "Test")
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_text("The function succeeded")).to_be_visible()
    expect(page.get_by_label("Response", exact=True)).to_contain_text('"markup": "<b>x</b>"')
    expect(page.get_by_label("Log output")).to_contain_text("greeting value1")
    console.picture("function-test")
    assert console.violations() == []

    tab(page, "Code")
    editor = page.get_by_role("textbox", name="Code of app.py")
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("\nVERSION = 2\n")
    expect(page.get_by_text("1 not deployed")).to_be_visible()
    page.get_by_role("button", name="Deploy").click()
    expect(page.get_by_text(f"{function} runs the new code.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Code of app.py")).to_contain_text("VERSION = 2")
    page.get_by_role("link", name="data.bin").click()
    expect(page.get_by_text("is no text in UTF-8")).to_be_visible()


def test_graphs_recent_invocations_and_the_log_show_what_ran(
    console: Console, function: str, server: Server
) -> None:
    server.client("lambda").invoke(FunctionName=function, Payload=b'{"key1": "<i>seen</i>"}')
    page = console.open(f"/functions/{function}/monitor")
    expect(page.get_by_role("img", name="Invocations: at most")).to_be_visible()
    expect(page.get_by_text("Recent invocations")).to_be_visible()
    shown(page)
    console.picture("function-monitor")
    assert console.violations() == []

    tab(page, "Logs")
    expect(page.get_by_role("log", name="Log events")).to_contain_text("greeting <i>seen</i>")
    page.get_by_label("Filter pattern").fill("{ not a pattern")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("The log could not be searched")).to_be_visible()
    page.get_by_label("Filter pattern").fill("REPORT")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("log", name="Log events")).to_contain_text("Billed Duration")
    console.picture("function-logs")
    assert console.violations() == []


def test_the_live_tail_shows_lines_as_they_are_printed_and_keeps_up(console: Console, server: Server) -> None:
    many = server.function(
        {"app.py": "def handler(event, context):\n    for n in range(event['n']): print('line', n)\n"}
    )
    server.client("lambda").invoke(FunctionName=many, Payload=b'{"n": 1}')
    page = console.open(f"/functions/{many}/logs")
    page.get_by_role("button", name="Live tail").click()
    expect(page.get_by_text("Following:")).to_be_visible()
    page.wait_for_timeout(500)
    server.client("lambda").invoke(FunctionName=many, Payload=b'{"n": 300}')
    expect(page.get_by_role("log", name="Live tail")).to_contain_text("line 299")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("No events.")).to_be_visible()


@pytest.mark.full
def test_configuration_versions_and_aliases_are_changed_in_their_panels(
    console: Console, server: Server
) -> None:
    name = server.function(FILES)
    page = console.open(f"/functions/{name}/configuration")
    page.get_by_label("Memory (MB)").fill("512")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(f"{name} is updated")).to_be_visible()
    page.get_by_role("button", name="Add variable").click()
    page.get_by_label("Key 1").first.fill("COLOUR")
    page.get_by_label("Value 1").first.fill("<b>blue</b>")
    page.get_by_role("button", name="Save variables").click()
    expect(page.get_by_text("The variables are saved")).to_be_visible()
    page.get_by_role("button", name="Make a URL").click()
    expect(page.get_by_text("The function has a URL.")).to_be_visible()
    shown(page)
    assert console.violations() == []
    kept = server.client("lambda").get_function_configuration(FunctionName=name)
    assert (kept["MemorySize"], kept["Environment"]["Variables"]) == (512, {"COLOUR": "<b>blue</b>"})

    tab(page, "Versions and aliases")
    page.get_by_role("button", name="Publish new version").click()
    expect(page.get_by_text("The version is published.")).to_be_visible()
    page.get_by_label("Alias", exact=True).fill("live")
    page.get_by_role("button", name="Point the alias").click()
    expect(page.get_by_role("row").filter(has_text="live").first).to_be_visible()
    assert console.violations() == []


def test_a_failing_function_shows_its_error(console: Console, server: Server) -> None:
    name = server.function(
        {"app.py": "def handler(event, context):\n    raise ValueError('no <script>alert(1)</script>')\n"}
    )
    page = console.open(f"/functions/{name}/test")
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_text("The function failed")).to_be_visible()
    expect(page.get_by_label("Response", exact=True)).to_contain_text("no <script>alert(1)</script>")


def test_a_function_deleted_elsewhere_leads_back_to_the_list(console: Console, server: Server) -> None:
    page = console.open("/functions/nobody-made-this")
    expect(page.get_by_text("There is no such function any more")).to_be_visible()
    page.get_by_role("link", name="To the list of functions").click()
    page.wait_for_url("**/console/functions")


def test_a_function_is_deleted_only_when_it_is_confirmed(console: Console, server: Server) -> None:
    name = server.function(FILES)
    page = console.open(f"/functions/{name}")
    page.get_by_role("button", name="Delete", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Delete", exact=True)).to_be_disabled()
    dialog.get_by_label("To confirm, type delete").fill("delete")
    dialog.get_by_role("button", name="Delete", exact=True).click()
    page.wait_for_url("**/console/functions")
    expect(page.get_by_text(f"Function {name} is deleted.")).to_be_visible()


def test_the_page_fits_a_phone_in_the_dark(
    server: Server, function: str, opened: Callable[..., Console]
) -> None:
    phone = opened(server, dark=True, width=375)
    page = phone.open(f"/functions/{function}/test")
    expect(page.get_by_role("button", name="Test", exact=True)).to_be_visible()
    shown(page)
    assert phone.violations() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
