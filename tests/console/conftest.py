"""A browser, a server that serves the console, and what every page of it must keep."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Error, Page, Request, expect, sync_playwright

from tests.console.pictures import PICTURES, SHOWN, keep_picture
from tests.running import Server, start_server

ROOT = Path(__file__).parent.parent.parent
AXE = (ROOT / "console" / "node_modules" / "axe-core" / "axe.min.js").resolve()
PROGRAM = "chromium-headless-shell"
"""Chromium without the windows around its pages: two thirds of the processor time of `chromium --headless`."""
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--process-per-site"),
)
_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
_CHANGED = "net::ERR_NETWORK_CHANGED"
"""A network link of the host came or went: Chromium gives up what is under way."""
TIMEOUT_MS = 30_000
expect.set_options(timeout=TIMEOUT_MS)
OF_THE_LIBRARY = ("awsui_mobile-toolbar-nav",)
"""What axe finds in Cloudscape's own markup, which nothing here can change: an attribute too many."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for the tests of a file: while Playwright runs, asynchronous tests of other files cannot."""
    program = shutil.which(PROGRAM)
    assert program is not None, f"Debian's {PROGRAM} is not installed"
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
        yield found
        found.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for the tests of a file, forked from a process that has imported everything."""
    started = start_server(tmp_path_factory.mktemp("console") / "data")
    yield started
    started.stop()


@pytest.fixture(scope="module")
def profile(browser: Browser, server: Server) -> Iterator[BrowserContext]:
    """What the tabs of a file have in common: code that the browser has loaded and compiled it keeps.

    A page that is never shown keeps its process, and so what is compiled, between tests.
    """
    context = _profile(browser)
    context.new_page().goto(f"{server.url}/lambdad/v1/health")
    yield context
    context.close()


@dataclass
class Console:
    """A tab with the console of a server."""

    page: Page
    server: Server
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    is_spoilt: bool = False

    def spoil(self, script: str) -> None:
        """Have a script run in every page of the tab, before the page's own; nobody else gets this tab."""
        self.is_spoilt = True
        self.page.add_init_script(script)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def open(self, path: str) -> Page:
        """Open a page of the console: ``/functions``."""
        to = f"{self.origin}/console{path}"
        try:
            self.page.goto(to)
        except Error as error:
            if _CHANGED not in str(error):
                raise
            self.page.goto(to)
        if self.broken:
            self.page.reload()
        return self.page

    def violations(self, within: str = "html") -> list[str]:
        """What axe finds against WCAG 2.1 AA on the page as it is, or in what a selector finds of it."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(_axe())
        found = self.page.evaluate(
            "([within, values]) => axe.run(within, {runOnly: {type: 'tag', values}, resultTypes: ['violations']})"
            ".then(({violations}) => violations)",
            [within, list(_RULES)],
        )
        seen = [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]
        return [one for one in seen if not any(known in one for known in OF_THE_LIBRARY)]

    def picture(self, name: str) -> None:
        """Keep a picture of the page in the documentation, when `CONSOLE_PICTURES` is set and it is shown there."""
        if os.environ.get("CONSOLE_PICTURES") and name in SHOWN:
            before = self.page.viewport_size
            self.page.set_viewport_size({"width": 1280, "height": 800})
            keep_picture(PICTURES / f"{name}.png", self.page.screenshot())
            if before:
                self.page.set_viewport_size(before)


@pytest.fixture
def opened(browser: Browser, profile: BrowserContext) -> Iterator[Callable[..., Console]]:
    """Opens a tab at a server; whatever a tab asks elsewhere, or breaks in it, fails the test.

    `fresh` is for a browser that was never there: it has loaded nothing yet.
    """
    tabs: list[Console] = []

    def make(at: Server, *, fresh: bool = False, **look: Any) -> Console:
        tabs.append(_tab(_profile(browser) if fresh else profile, at, **look))
        return tabs[-1]

    yield make
    _close(*tabs)


@pytest.fixture(scope="module")
def spare(profile: BrowserContext) -> list[Console]:
    """A tab that the test before left as new: one that is made costs twice what one that is loaded again does."""
    return []


@pytest.fixture
def console(profile: BrowserContext, server: Server, spare: list[Console]) -> Iterator[Console]:
    """A tab at the server of the file."""
    tab = spare.pop() if spare else _tab(profile, server)
    yield tab
    _judge(tab)
    if tab.is_spoilt:
        _close(tab)
    else:
        _make_as_new(tab)
        spare.append(tab)


@pytest.fixture(scope="module")
def shared(profile: BrowserContext, server: Server) -> Iterator[Console]:
    """One tab for the tests of a file that leave nothing in it."""
    tab = _tab(profile, server)
    yield tab
    _close(tab)


def _profile(browser: Browser) -> BrowserContext:
    context = browser.new_context(reduced_motion="reduce", locale="en-US")
    context.set_default_timeout(TIMEOUT_MS)
    return context


def _tab(
    profile: BrowserContext, at: Server, *, dark: bool = False, width: int = 1440, height: int = 900
) -> Console:
    tab = Console(profile.new_page(), at)
    _look_like(tab.page, dark=dark, width=width, height=height)
    tab.page.on("request", lambda request: _look(tab, request))
    tab.page.on("pageerror", lambda error: tab.errors.append(str(error)))
    tab.page.on("requestfailed", lambda request: _note(tab, request))
    return tab


def _make_as_new(tab: Console) -> None:
    page = tab.page
    page.unroute_all()
    if page.url.startswith(tab.origin):
        page.evaluate("localStorage.clear(); sessionStorage.clear()")
    page.on("dialog", _leave)
    page.goto(f"{tab.origin}/lambdad/v1/health")
    page.remove_listener("dialog", _leave)
    _look_like(page)
    for seen in (tab.foreign, tab.errors, tab.broken):
        seen.clear()


def _leave(dialog: Dialog) -> None:
    """Whatever was not saved."""
    dialog.accept()


def _look_like(page: Page, *, dark: bool = False, width: int = 1440, height: int = 900) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")


def _judge(tab: Console) -> None:
    assert tab.foreign == [], "the console asked somebody else than its server"
    assert tab.errors == [], "the console's code failed"


def _close(*tabs: Console) -> None:
    """Leave nothing that the next test finds: what a tab keeps for itself goes with it."""
    for tab in tabs:
        if tab.page.url.startswith(tab.origin):
            tab.page.evaluate("localStorage.clear()")
        tab.page.close()
        if not tab.page.context.pages:  # it was a fresh one
            tab.page.context.close()
    for tab in tabs:
        _judge(tab)


def _look(tab: Console, request: Request) -> None:
    if not request.url.startswith((tab.origin, "data:", "blob:")):
        tab.foreign.append(request.url)


def _note(tab: Console, request: Request) -> None:
    """A part of the page that did not come; requests are given up by pages that are left."""
    if request.resource_type in {"script", "stylesheet"} and request.failure != "net::ERR_ABORTED":
        seen = tab.broken if request.failure == _CHANGED else tab.errors
        seen.append(f"{request.url}: {request.failure}")


@cache
def _axe() -> str:
    return AXE.read_text("utf-8")


def sign_in(tab: Console, key: Mapping[str, str]) -> None:
    """Have a key in the tab, as if somebody had signed in; before the first page is opened.

    Args:
        tab: that no other test gets.
        key: as `CreateAccessKey` or `AssumeRole` give it.
    """
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    kept = json.dumps({name[0].lower() + name[1:]: key[name] for name in names if name in key})
    tab.spoil(f"sessionStorage.setItem('lambdad.credentials', {json.dumps(kept)})")
