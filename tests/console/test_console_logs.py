"""Logs and graphs that are a lot, or are not what they should be."""

from __future__ import annotations

import json
import re
import time

import pytest
from playwright.sync_api import Page, Response, Route, expect

from tests.console.acting import MARKUP
from tests.console.conftest import TIMEOUT_MS, Console
from tests.console.live_tail import tail_that_ends_with
from tests.running import Server

LONG_BYTES = 10_000_000
KEPT = 2_000
SOURCE = "def handler(event, context):\n    print('Init Duration: 9 ms')\n    if event.get('fail'):\n        raise ValueError\n"


@pytest.fixture(scope="module")
def function(server: Server) -> str:
    """A function that was called three times, once in vain, and started once."""
    name = server.function({"app.py": SOURCE})
    for event in (b"{}", b"{}", b'{"fail": 1}'):
        server.client().invoke(FunctionName=name, Payload=event)
    server.messages(name, until="ValueError")
    return name


def until(page: Page, expression: str) -> None:
    """Wait until it is true in the page, which lets nobody evaluate text by a timer of its own."""
    deadline = time.monotonic() + TIMEOUT_MS / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"never: {expression}"
        page.wait_for_timeout(100)


@pytest.mark.full
def test_a_tail_of_a_thousand_lines_a_second_leaves_the_page_usable(console: Console, function: str) -> None:
    console.spoil(tail_that_ends_with(MARKUP))
    page = console.open(f"/functions/{function}/logs")
    page.get_by_role("button", name="Live tail").click()
    log = page.get_by_role("log", name="Live tail")
    expect(log).to_contain_text("line 100 ")
    log.evaluate("(log) => window.tail.watch(log)")
    begun = page.evaluate("tail.sent")
    # While lines come, what is typed is taken; it does not begin the tail anew.
    page.get_by_label("Filter pattern").press_sequentially("typed meanwhile")
    until(page, f"tail.sent > {KEPT} + 1000")
    page.evaluate("tail.isOver = true")
    until(page, "document.querySelector('.log').textContent.includes(`line ${tail.sent - 1} `)")
    sent = page.evaluate("tail.sent")
    assert sent > begun
    expect(page.get_by_label("Filter pattern")).to_have_value("typed meanwhile")
    expect(page.get_by_text(f"Following: {sent:,} events")).to_be_visible()
    expect(log.locator("> div").last).to_contain_text(f"line {sent - 1} {MARKUP}")
    assert log.locator("> div").count() == KEPT
    assert page.evaluate("tail.rowsMade") <= sent, "lines were drawn more than once"
    assert page.evaluate("tail.textsChanged") == 0, "lines were written over"
    assert page.locator("img[src=x]").count() == 0
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused")).to_be_visible()


def test_a_line_of_ten_megabytes_is_cut_and_can_be_copied(console: Console, function: str) -> None:
    answered: list[str] = []

    def long(route: Route) -> None:
        if "FilterLogEvents" not in route.request.headers.get("x-amz-target", ""):
            return route.fallback()
        if answered:
            return route.fulfill(body='{"events": []}')
        answered.append(route.request.url)
        events = [
            {"timestamp": 1_795_780_800_000, "message": "x" * LONG_BYTES, "eventId": "1"},
            {"timestamp": 1_795_780_800_001, "message": f"{MARKUP} after it", "eventId": "2"},
        ]
        return route.fulfill(body=json.dumps({"events": events}))

    console.page.route("**/", long)
    page = console.open(f"/functions/{function}/logs")
    log = page.get_by_role("log", name="Log events")
    expect(log).to_contain_text("9,995,000 more characters")
    expect(log).to_contain_text(f"{MARKUP} after it")
    assert len(log.inner_text()) < LONG_BYTES / 100
    page.get_by_text("Spread JSON").click()
    expect(log.get_by_role("button", name="Copy the whole event")).to_be_visible()
    assert console.violations() == []


def test_logs_are_searched_back_from_now_and_in_utc(console: Console, function: str) -> None:
    page = console.open(f"/functions/{function}/logs")
    log = page.get_by_role("log", name="Log events")
    expect(log).to_contain_text("ValueError")
    page.get_by_role("button", name="Custom").click()
    page.get_by_label("From").fill("-2 fortnights")
    expect(page.get_by_text("or like -90m")).to_be_visible()
    expect(page.get_by_role("button", name="Search")).to_be_disabled()
    page.get_by_label("From").fill("-1d")
    page.get_by_label("To", exact=True).fill("-12h")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("No events.")).to_be_visible()
    page.get_by_label("To", exact=True).fill("")
    page.get_by_role("button", name="Search").click()
    expect(log).to_contain_text("ValueError")
    page.get_by_text("UTC", exact=True).click()
    expect(log.locator("time").first).to_contain_text(" UTC")


def test_every_graph_is_there_with_what_was_counted(console: Console, function: str) -> None:
    page = console.open(f"/functions/{function}/monitor")
    # By the minute: the calls may lie in two.
    for title, most in (("Invocations", "[123]"), ("Errors", "1"), ("Concurrent executions", "1")):
        expect(page.get_by_role("img", name=re.compile(f"^{title}: at most {most}$"))).to_be_visible()
    expect(page.get_by_role("img", name="Success rate: at most")).to_be_visible()
    expect(page.get_by_role("img", name="Cold starts: at most 1", exact=True)).to_be_visible()
    expect(page.get_by_role("img", name="Throttles: at most 0", exact=True)).to_be_visible()
    for line in ("Minimum", "Average", "p95"):
        expect(page.locator(".legend", has_text=line)).to_be_visible()
    # What few functions have stays away until it is measured.
    expect(page.get_by_role("heading", name="Asynchronous events", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Custom").click()
    page.get_by_label("From").fill("-3h")
    expect(page.get_by_role("img", name="Invocations: at most")).to_be_visible()
    page.get_by_label("From").fill("2999-01-01 00:00")
    expect(page.get_by_text("It begins in the future.")).to_be_visible()


def test_graphs_are_read_again_while_they_are_shown_unless_nobody_wants_it(
    console: Console, function: str
) -> None:
    asked: list[str] = []

    def is_metrics(response: Response) -> bool:
        return "GetMetricData" in response.request.headers.get("x-amz-target", "")

    console.page.on("response", lambda one: asked.append(one.url) if is_metrics(one) else None)
    console.is_spoilt = True
    console.page.clock.install()
    page = console.open(f"/functions/{function}/monitor")
    expect(page.get_by_role("img", name="Invocations: at most")).to_be_visible()
    with page.expect_response(is_metrics):
        page.clock.fast_forward("01:00")
    with page.expect_response(is_metrics):
        page.get_by_text("Auto refresh").click()
    before = len(asked)
    page.clock.fast_forward("05:00")
    with page.expect_response(is_metrics):
        page.get_by_role("button", name="Refresh", exact=True).click()
    assert len(asked) == before + 1


def test_a_log_that_may_not_be_read_takes_its_graph_alone(console: Console, function: str) -> None:
    def deny(route: Route) -> None:
        if "FilterLogEvents" not in route.request.headers.get("x-amz-target", ""):
            return route.fallback()
        return route.fulfill(
            status=400,
            json={"message": "not yours"},
            headers={"x-amzn-errortype": "AccessDeniedException"},
        )

    console.page.route("**/", deny)
    page = console.open(f"/functions/{function}/monitor")
    expect(page.get_by_text("Cold starts could not be read from the log")).to_be_visible()
    expect(page.get_by_role("img", name="Invocations: at most")).to_be_visible()
