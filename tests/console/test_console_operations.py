"""The pages for whoever runs the server: queue, mappings, environments, bill, settings."""

from __future__ import annotations

import http.client
import json
import re
import shlex
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from lambdad.cli.app import run
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
    page.get_by_role("menuitem", name="Redrive dead letters").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Redrive", exact=True).click()
    expect(dialog.get_by_text("dead-letter queue").last).to_be_visible()
    expect(dialog.get_by_text("Request ID:")).to_be_visible()
    dialog.get_by_role("button", name="Cancel").last.click()
    row.get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name="Resume").click()
    expect(page.get_by_text(f"The queue of {function} goes on.")).to_be_visible()
    expect(row.get_by_text("Empty")).to_be_visible()


def test_what_waits_is_removed_only_when_the_word_was_typed(
    console: Console, function: str, server: Server
) -> None:
    other = server.function(HELLO)
    own(server, "queue/pause", {"function": other})
    for _ in range(3):
        server.client().invoke(FunctionName=other, InvocationType="Event", Payload=b"{}")
    page = console.open("/operations/queue")
    row = page.get_by_role("row").filter(has_text=other)
    row.get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name="Purge").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("They end without a record")).to_be_visible()
    expect(dialog.get_by_role("button", name="Purge", exact=True)).to_be_disabled()
    dialog.get_by_label("To confirm, type purge").fill("purge")
    dialog.get_by_role("button", name="Purge", exact=True).click()
    expect(page.get_by_text(f"Events removed from the queue of {other}: 3.")).to_be_visible()
    expect(row.get_by_role("cell").nth(2)).to_have_text("0")


def test_the_bill_is_shown_by_function_and_day_and_by_tag(
    console: Console, function: str, server: Server
) -> None:
    client = server.client()
    arn = client.get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    client.tag_resource(Resource=arn, Tags={"team": "blue"})
    page = console.open("/operations/bill")
    expect(page.get_by_role("row").filter(has_text=function)).to_be_visible()
    page.get_by_role("button", name=re.compile("^By")).click()
    page.get_by_role("option", name="Function and day").click()
    today = datetime.now(UTC).date().isoformat()
    expect(page.get_by_role("row").filter(has_text=f"{today} · {function}")).to_be_visible()
    page.get_by_role("button", name=re.compile("^By")).click()
    page.get_by_role("option", name="Tag").click()
    page.get_by_label("Key of the tag").fill("team")
    expect(page.get_by_role("row").filter(has_text="blue")).to_be_visible()


@pytest.mark.parametrize("page", ["queue", "mappings", "bill", "iam/why"])
def test_the_command_beside_a_page_is_one_that_lambdad_takes(
    console: Console, function: str, page: str
) -> None:
    """Each is run, at this server."""
    shown = console.open(f"/{page}" if "/" in page else f"/operations/{page}")
    shown.get_by_text("The same with lambdad's command").click()
    words = shlex.split(shown.get_by_text(re.compile("^lambdad ")).inner_text())
    assert words[-2:] == ["--endpoint", console.origin] or "--csv" in words
    with ThreadPoolExecutor(1) as thread:  # Playwright has a loop in this one
        assert thread.submit(run, words[1:]).result() == 0


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
    expect(page.get_by_role("row").filter(has_text="signature_skew_s")).to_be_visible()
