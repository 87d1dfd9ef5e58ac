"""Who gets into the console of a server that is not permissive, what they see, and how they are let out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.console.acting import TRUST, Key, key_of_new
from tests.console.conftest import Console, sign_in
from tests.running import Server, start_server

MAY = {
    "admin": ["*"],
    "reader": [
        *("iam:GetRole", "iam:ListRoles", "iam:ListAttachedRolePolicies", "iam:ListPolicies"),
        *("lambdad:Environments", "lambda:ListFunctions"),
    ],
    "leaver": ["*"],
}


@pytest.fixture(scope="module")
def keys() -> dict[str, Key]:
    """Keys by user; `strict` fills them in."""
    return {}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, keys: dict[str, Key]) -> Iterator[Server]:
    """One that lets nobody in without a key."""
    open_to_all = start_server(tmp_path_factory.mktemp("strict") / "data")
    try:
        keys.update({user: key_of_new(open_to_all, user, may) for user, may in MAY.items()})
        open_to_all.client("iam").create_role(RoleName="looked-at", AssumeRolePolicyDocument=TRUST)
    finally:
        open_to_all.stop()
    started = start_server(open_to_all.data_dir, "--auth", "enforce")
    yield started
    started.stop()


def fill(page: Page, key: Key) -> None:
    page.get_by_label("Access key ID").fill(key["AccessKeyId"])
    page.get_by_label("Secret access key").fill(key["SecretAccessKey"])
    page.get_by_role("button", name="Sign in").click()


def test_a_key_lets_in_stays_over_a_reload_and_is_forgotten_with_the_sign_out(
    console: Console, keys: dict[str, Key]
) -> None:
    page = console.open("/iam/roles")
    expect(page.get_by_role("heading", name="Sign in to lambdad")).to_be_visible()
    assert console.violations() == []
    console.picture("sign-in")
    fill(page, {**keys["admin"], "SecretAccessKey": "wrong"})
    expect(page.get_by_text("Not signed in")).to_be_visible()
    fill(page, keys["admin"])
    expect(page.get_by_role("link", name="looked-at")).to_be_visible()
    page.reload()
    expect(page.get_by_role("link", name="looked-at")).to_be_visible()
    page.get_by_role("button", name="admin").first.click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in to lambdad")).to_be_visible()
    assert (
        page.evaluate("JSON.stringify(Object.entries({...sessionStorage, ...localStorage}))").find("AKIA") < 0
    )


def test_a_key_that_holds_no_longer_leads_back_to_the_sign_in(console: Console) -> None:
    sign_in(console, {"AccessKeyId": "ASIAGONE000000000000", "SecretAccessKey": "x", "SessionToken": "gone"})
    page = console.open("/functions")
    expect(page.get_by_role("heading", name="Sign in to lambdad")).to_be_visible()


def test_a_key_that_is_deleted_while_it_is_used_leads_to_the_sign_in_with_the_reason(
    console: Console, server: Server, keys: dict[str, Key]
) -> None:
    leaver = keys["leaver"]
    sign_in(console, leaver)
    page = console.open("/operations/queue")
    expect(page.get_by_text("No event waits")).to_be_visible()
    admin = server.client_of(keys["admin"], "iam")
    admin.delete_access_key(UserName="leaver", AccessKeyId=leaver["AccessKeyId"])
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_text("Your credentials are not valid any more")).to_be_visible()
    fill(page, keys["admin"])
    expect(page.get_by_text("No event waits")).to_be_visible()


def test_a_panel_that_may_not_be_read_names_the_permission_and_the_rest_of_the_page_works(
    console: Console, keys: dict[str, Key]
) -> None:
    sign_in(console, keys["reader"])
    page = console.open("/operations/environments")
    expect(page.get_by_role("heading", name="This worker")).to_be_visible()
    expect(page.get_by_text("How environments are started could not be read")).to_be_visible()
    expect(page.get_by_text("lambdad:Status")).to_be_visible()
    expect(page.get_by_text("Request ID:").first).to_be_visible()

    page.get_by_role("link", name="Roles", exact=True).click()
    page.get_by_role("link", name="looked-at").click()
    expect(page.get_by_text("None is attached.")).to_be_visible()
    expect(page.get_by_text("The inline policies could not be read")).to_be_visible()
    expect(page.get_by_text("iam:ListRolePolicies")).to_be_visible()
    expect(page.get_by_text("Creation date")).to_be_visible()
    page.get_by_role("tab", name="Tags").click()
    expect(page.get_by_text("The tags could not be read")).to_be_visible()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_label("To confirm, type delete").fill("delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("Deleting role looked-at failed")).to_be_visible()
    expect(page.get_by_role("heading", name="looked-at")).to_be_visible()


GONE = {
    "/iam/roles": "The roles could not be read",
    "/iam/policies": "The policies could not be read",
    "/iam/why": "What was refused could not be read",
    "/operations/queue": "The queues could not be read",
    "/operations/mappings": "The mappings could not be read",
    "/operations/environments": "The environments could not be read",
    "/operations/bill": "The bill could not be read",
    "/operations/settings": "The settings could not be read",
}


def test_pages_of_a_server_that_is_gone_say_so_and_go_on_when_it_is_back(
    tmp_path_factory: pytest.TempPathFactory, opened: Callable[..., Console]
) -> None:
    lost = start_server(tmp_path_factory.mktemp("lost") / "data")
    try:
        tab = opened(lost)
        page = tab.open("/functions")
        expect(page.get_by_role("link", name="Bill")).to_be_visible()
        answers = "**/*"
        for path, words in GONE.items():
            link = page.locator(f"a[href='/console{path}']")
            page.route(answers, lambda route: route.abort() if _asks(route.request) else route.continue_())
            link.click()
            expect(page.get_by_text(words)).to_be_visible()
            expect(page.get_by_text("Start it again (lambdad serve)").first).to_be_visible()
            page.unroute(answers)
            page.get_by_role("button", name="Retry").first.click()
            expect(page.get_by_text(words)).to_have_count(0)
    finally:
        lost.stop()


def _asks(request: object) -> bool:
    """Whether it is for the server's answers, not for the console's code."""
    return getattr(request, "resource_type", "") == "fetch"


def test_a_page_whose_code_cannot_come_says_so_and_the_one_before_stays_reachable(
    tmp_path_factory: pytest.TempPathFactory, opened: Callable[..., Console]
) -> None:
    ending = start_server(tmp_path_factory.mktemp("ending") / "data")
    tab = opened(ending, fresh=True)
    try:
        page = tab.open("/functions")
        expect(page.get_by_role("heading", name="Functions").first).to_be_visible()
    finally:
        ending.stop()
    page.get_by_role("link", name="Bill").click()
    expect(page.get_by_role("heading", name="This page cannot be shown")).to_be_visible()
    expect(page.get_by_text("The server does not answer, and this page was not loaded yet")).to_be_visible()
    tab.errors.clear()  # of what did not come
    page.get_by_role("link", name="Functions").first.click()
    expect(page.get_by_text("could not be read").first).to_be_visible()
    tab.errors.clear()
