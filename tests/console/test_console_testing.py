"""The tab that calls the function: templates, saved events, versions, and what can go wrong meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.console.acting import MARKUP
from tests.console.conftest import Console
from tests.running import Server, start_server

ECHO = "def handler(event, context):\n    return event\n"


@pytest.fixture(scope="module")
def function(server: Server) -> str:
    return server.function({"app.py": ECHO})


def choose_event(page: Page, name: str) -> None:
    page.get_by_role("tabpanel").get_by_role("button", name=re.compile("^Event")).click()
    page.get_by_role("option", name=name, exact=True).click()


def call(page: Page) -> None:
    page.get_by_role("tabpanel").get_by_role("button", name="Test", exact=True).click()


def write(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Event JSON").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


@pytest.mark.full
def test_a_template_is_sent_and_one_that_is_saved_under_its_name_stays_beside_it(
    console: Console, function: str
) -> None:
    page = console.open(f"/functions/{function}/test")
    choose_event(page, "Amazon MSK")
    call(page)
    expect(page.get_by_label("Response", exact=True)).to_contain_text('"eventSource": "aws:kafka"')
    name = page.get_by_label("Name of the event")
    name.fill("two words")
    expect(page.get_by_text("At most 25 letters, digits")).to_be_visible()
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    write(page, f'{{"mine": "{MARKUP}"}}')
    name.fill("SQS")
    page.get_by_role("button", name="Save", exact=True).click()
    page.reload()
    choose_event(page, "SNS")
    page.get_by_role("tabpanel").get_by_role("button", name=re.compile("^Event")).click()
    both = page.get_by_role("option", name="SQS", exact=True)
    expect(both).to_have_count(2)
    both.first.click()
    call(page)
    expect(page.get_by_label("Response", exact=True)).to_contain_text(MARKUP)
    page.get_by_role("button", name="Remove", exact=True).click()
    choose_event(page, "SQS")
    expect(page.get_by_role("textbox", name="Event JSON")).to_contain_text("Hello from SQS!")


@pytest.mark.full
def test_an_alias_that_is_gone_meanwhile_is_told(console: Console, server: Server, function: str) -> None:
    client = server.client()
    client.publish_version(FunctionName=function)
    client.create_alias(FunctionName=function, Name="gone", FunctionVersion="1")
    page = console.open(f"/functions/{function}/test")
    page.get_by_label("Test of").click()
    page.get_by_role("option", name="Alias gone").click()
    client.delete_alias(FunctionName=function, Name="gone")
    call(page)
    expect(page.get_by_text("The function could not be called")).to_be_visible()
    expect(page.get_by_text(re.compile(f"Function not found.*{function}:gone"))).to_be_visible()


def test_a_server_that_goes_while_the_page_is_open_loses_nothing(
    tmp_path_factory: pytest.TempPathFactory, opened: Callable[..., Console]
) -> None:
    lost = start_server(tmp_path_factory.mktemp("lost") / "data")
    try:
        name = lost.function({"app.py": ECHO})
        page = opened(lost).open(f"/functions/{name}/test")
        write(page, '{"kept": true}')
        lost.stop()
        call(page)
        expect(page.get_by_text("The server does not answer").first).to_be_visible()
        expect(page.get_by_text("Start it again (lambdad serve)").first).to_be_visible()
        expect(page.get_by_role("textbox", name="Event JSON")).to_contain_text('"kept"')
    finally:
        lost.stop()


def test_credentials_that_expire_lead_to_the_sign_in_and_the_code_is_still_there(
    console: Console, function: str
) -> None:
    page = console.open(f"/functions/{function}")
    page.get_by_role("textbox", name="Code of app.py").click()
    page.keyboard.insert_text("MARK = 1\n")
    expect(page.get_by_text("1 not deployed")).to_be_visible()
    page.route(
        "**/code",
        lambda route: route.fulfill(
            status=403, json={"message": "over"}, headers={"x-amzn-errortype": "ExpiredTokenException"}
        ),
    )
    page.get_by_role("button", name="Deploy").click()
    expect(page.get_by_text("Your credentials are not valid any more.")).to_be_visible()
    page.get_by_label("Access key ID").fill("test")
    page.get_by_label("Secret access key").fill("test")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("1 not deployed")).to_be_visible()
    expect(page.get_by_role("textbox", name="Code of app.py")).to_contain_text("MARK = 1")


def test_markup_in_any_field_is_shown_as_text_on_every_tab(console: Console, server: Server) -> None:
    source = f"def handler(event, context):\n    print({MARKUP!r})\n    raise ValueError({MARKUP!r})\n"
    name = server.function(
        {"app.py": source, f"{MARKUP}.py": "x = 1\n"},
        Description=MARKUP,
        Environment={"Variables": {"MARKUP": MARKUP}},
    )
    client = server.client()
    client.publish_version(FunctionName=name, Description=MARKUP)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1", Description=MARKUP)
    client.invoke(FunctionName=name)
    page = console.open(f"/functions/{name}")
    expect(page.get_by_role("link", name=f"{MARKUP}.py")).to_be_visible()
    for tab in ("Test", "Monitor", "Logs", "Configuration", "Versions and aliases"):
        page.get_by_role("tab", name=tab, exact=True).click()
        if tab == "Test":
            call(page)
            expect(page.get_by_label("Response", exact=True)).to_contain_text(MARKUP)
        expect(page.get_by_text("Loading", exact=True)).to_have_count(0)
        assert page.locator("img[src=x]").count() == 0, tab
    expect(page.get_by_text(MARKUP).first).to_be_visible()
