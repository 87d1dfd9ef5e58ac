"""The pages for whoever runs the server: queue, mappings, environments, bill, settings."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from contextlib import closing

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Console
from tests.running import Server

HELLO = {"app.py": "def handler(event, context):\n    return event\n"}
PAGES = {
    "queue": "Event queue",
    "mappings": "Event source mappings",
    "environments": "Workers and environments",
    "bill": "Bill",
    "settings": "Settings",
}


@pytest.fixture(scope="module")
def function(server: Server) -> str:
    """A function that ran once, with one event that waits in its paused queue."""
    name = server.function(HELLO)
    server.client("lambda").invoke(FunctionName=name, Payload=b"{}")
    own(server, "queue/pause", {"function": name})
    server.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
    return name


def own(server: Server, operation: str, body: dict[str, object]) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as line:
        line.request("POST", f"/lambdad/v1/{operation}", json.dumps(body))
        answer = line.getresponse()
        assert answer.status == 200, answer.read()


@pytest.mark.parametrize("page", PAGES)
def test_each_page_shows_itself_to_everybody(console: Console, function: str, page: str) -> None:
    shown = console.open(f"/operations/{page}")
    expect(shown.get_by_role("heading", name=PAGES[page], level=1)).to_be_visible()
    expect(shown.get_by_text("Loading", exact=True)).to_have_count(0)
    expect(shown.get_by_text("could not be read")).to_have_count(0)
    assert console.violations() == []
    console.picture(f"operations-{page}")


def test_a_paused_queue_is_seen_resumed_and_runs_empty(console: Console, function: str) -> None:
    page = console.open("/operations/queue")
    row = page.get_by_role("row").filter(has_text=function)
    expect(row.get_by_text("Paused")).to_be_visible()
    row.get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name="Resume").click()
    expect(page.get_by_text(f"The queue of {function} goes on.")).to_be_visible()
    expect(row.get_by_text("Empty")).to_be_visible()


def test_environments_tell_how_they_were_started_and_end_when_they_are_drained(
    console: Console, function: str
) -> None:
    page = console.open("/operations/environments")
    row = page.get_by_role("row").filter(has_text=f"{function}:$LATEST").first
    expect(row).to_be_visible()
    page.get_by_role("button", name="Drain").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("no event is lost")).to_be_visible()
    dialog.get_by_role("button", name="Drain").click()
    expect(page.get_by_role("row").filter(has_text=f"{function}:$LATEST")).to_have_count(0)


def test_a_panel_that_fails_says_what_to_do_and_leaves_the_page(
    server: Server, function: str, opened: Callable[..., Console]
) -> None:
    tab = opened(server)
    body = json.dumps({"message": "User <b>x</b> is not authorized"})
    tab.page.route(
        "**/lambdad/v1/settings",
        lambda route: route.fulfill(
            status=403,
            body=body,
            headers={"x-amzn-ErrorType": "AccessDeniedException", "x-amzn-RequestId": "an-id"},
        ),
    )
    page = tab.open("/operations/settings")
    expect(page.get_by_text("The settings could not be read")).to_be_visible()
    expect(page.get_by_text("User <b>x</b> is not authorized")).to_be_visible()
    expect(page.get_by_text("Request ID: an-id")).to_be_visible()
    tab.page.unroute("**/lambdad/v1/settings")
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("account_concurrency").first).to_be_visible()
