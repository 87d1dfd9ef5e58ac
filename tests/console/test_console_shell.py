"""The console's shell: how it is served, and that it is usable by everybody; a permissive server lets all in."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from contextlib import closing
from email.message import Message
from typing import NamedTuple

import pytest
from playwright.sync_api import Response, expect

from tests.console.conftest import Console
from tests.running import Server


class Answer(NamedTuple):
    status: int
    headers: Message
    body: bytes


def get(server: Server, path: str) -> Answer:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as line:
        line.request("GET", path)
        answer = line.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


def test_every_path_below_console_is_the_page_and_nothing_else_of_the_disk(server: Server) -> None:
    page = get(server, "/console/").body
    for path in (
        "/console/functions",
        "/console/../../../../etc/passwd",
        "/console/%2e%2e/%2e%2e/etc/passwd",
        "/console//etc/passwd",
    ):
        assert get(server, path).body == page
    assert get(server, "/console/assets/nothing.js").status == 404


def test_the_page_may_load_and_ask_nothing_but_its_server(server: Server) -> None:
    answer = get(server, "/console/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "connect-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_what_the_list_of_functions_loads_is_small(server: Server, opened: Callable[..., Console]) -> None:
    console = opened(server, fresh=True)
    sizes: dict[str, dict[str, int]] = {
        "script": {},
        "stylesheet": {},
    }  # by address: a page may be loaded again

    def count(response: Response) -> None:
        length = int(response.headers.get("content-length", "0"))
        sizes.setdefault(response.request.resource_type, {})[response.url] = length

    console.page.on("response", count)
    console.open("/functions")
    expect(console.page.get_by_role("heading", name="Functions").first).to_be_visible()
    console.page.wait_for_load_state("networkidle")
    assert 0 < sum(sizes["script"].values()) <= 450_000
    assert 0 < sum(sizes["stylesheet"].values()) <= 250_000


def test_a_browser_that_opens_the_endpoint_comes_to_the_console_and_s3_does_not(
    server: Server, console: Console
) -> None:
    console.page.goto(console.origin)
    console.page.wait_for_url("**/console/functions")
    assert get(server, "/").status != 302


def test_a_server_that_does_not_answer_is_told_in_words(console: Console) -> None:
    page = console.page
    page.route("**/", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    console.open("/functions")
    expect(page.get_by_text("The server does not answer").first).to_be_visible()
    page.unroute("**/")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Functions").first).to_be_visible()


@pytest.mark.parametrize(("dark", "width"), [(False, 1440), (True, 1440), (False, 375)])
def test_the_shell_is_accessible_light_and_dark_and_on_a_phone(
    server: Server, opened: Callable[..., Console], dark: bool, width: int
) -> None:
    tab = opened(server, dark=dark, width=width)
    expect(tab.open("/functions").get_by_role("heading", name="Functions").first).to_be_visible()
    assert tab.violations() == []
    wide = tab.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, "the page is wider than the window"


def test_the_keyboard_skips_to_the_content(console: Console) -> None:
    page = console.open("/functions")
    expect(page.get_by_role("heading", name="Functions").first).to_be_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_a_page_that_does_not_exist_says_so(console: Console) -> None:
    expect(console.open("/nothing/here").get_by_text("There is no such page")).to_be_visible()
