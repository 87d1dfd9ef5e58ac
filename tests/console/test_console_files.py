"""Folders of a function's code, and code that is not deployed yet: nothing of it is lost unasked."""

from __future__ import annotations

import io
import stat
import zipfile
from urllib.request import urlopen

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.console.acting import press
from tests.console.conftest import Console
from tests.running import Server

SOURCE = "def handler(event, context):\n    return 1\n"
LINK = stat.S_IFLNK | 0o777


def archive_of_links() -> bytes:
    """Code with a link, a program that only its owner may run, and an empty folder."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content, mode in (
            ("app.py", SOURCE, 0o100644),
            ("bin/tool", "#!/bin/sh\n", 0o100700),
            ("bin/link", "tool", LINK),
            ("empty/", "", stat.S_IFDIR | 0o755),
        ):
            entry = zipfile.ZipInfo(name)
            entry.create_system = 3
            entry.external_attr = mode << 16
            archive.writestr(entry, content)
    return made.getvalue()


def entries_of(server: Server, function: str) -> dict[str, tuple[int, bytes]]:
    """The entries that the server has: mode and content."""
    location = server.client().get_function(FunctionName=function)["Code"]["Location"]
    with urlopen(location, timeout=30) as response, zipfile.ZipFile(io.BytesIO(response.read())) as archive:
        return {one.filename: (one.external_attr >> 16, archive.read(one)) for one in archive.infolist()}


def add_line(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Code of app.py").click()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(text)
    expect(page.get_by_text("1 not deployed")).to_be_visible()


@pytest.fixture
def function(server: Server) -> str:
    return server.function({"app.py": SOURCE})


@pytest.mark.full
def test_folders_are_made_moved_and_deleted_by_keyboard_and_the_rest_stays_as_it_was(
    console: Console, server: Server
) -> None:
    function = server.function(archive_of_links())
    page = console.open(f"/functions/{function}")
    expect(page.get_by_role("textbox", name="Code of app.py")).to_be_visible()
    page.get_by_role("link", name="link", exact=True).click()
    expect(page.get_by_text("A link to tool. It is kept as it is.")).to_be_visible()

    # Down through the tree, into the folder, and Enter shows it.
    page.get_by_role("button", name="Close bin").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_text("A folder with 2 files.")).to_be_visible()
    page.get_by_role("button", name="Rename", exact=True).focus()
    page.keyboard.press("Enter")
    path = page.get_by_label("New path of bin")
    expect(path).to_be_focused()
    path.fill("empty")
    expect(page.get_by_text("There is a folder empty already.")).to_be_visible()
    path.fill("lib/bin")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="bin", exact=True)).to_be_visible()

    press(page, "New folder")
    page.get_by_label("Path of the new folder").fill("data")
    page.keyboard.press("Enter")
    press(page, "New file")
    expect(page.get_by_label("Path of the new file")).to_have_value("data/")
    page.keyboard.press("Escape")
    press(page, "Delete data")
    expect(page.get_by_role("link", name="data", exact=True)).to_have_count(0)
    assert console.violations() == []

    press(page, "Deploy")
    expect(page.get_by_text(f"{function} runs the new code.")).to_be_visible()
    found = entries_of(server, function)
    assert found == {
        "app.py": (0o100644, SOURCE.encode()),
        "lib/bin/tool": (0o100700, b"#!/bin/sh\n"),
        "lib/bin/link": (LINK, b"tool"),
        "empty/": (stat.S_IFDIR | 0o755, b""),
    }


@pytest.mark.full
def test_what_is_not_deployed_outlives_other_tabs_and_pages(console: Console, function: str) -> None:
    page = console.open(f"/functions/{function}")
    add_line(page, "MARK = 1\n")
    page.get_by_role("tab", name="Test", exact=True).click()
    expect(page.get_by_role("tab", name="Code ●")).to_be_visible()
    page.get_by_role("link", name="Functions", exact=True).first.click()
    page.get_by_role("link", name=function).click()
    expect(page.get_by_role("textbox", name="Code of app.py")).to_contain_text("MARK = 1")
    expect(page.get_by_text("1 not deployed")).to_be_visible()


def test_the_browser_asks_before_changes_are_lost_and_not_after_they_are_discarded(
    console: Console, function: str
) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page = console.open(f"/functions/{function}")
    add_line(page, "MARK = 1\n")
    console.is_spoilt = True
    page.on("dialog", stay)
    page.evaluate("location.reload()")
    expect(page.get_by_role("textbox", name="Code of app.py")).to_contain_text("MARK = 1")
    page.get_by_role("button", name="Account 000000000000").click()
    page.get_by_role("menuitem", name="Sign in with an access key").click()
    expect(page.get_by_text("1 not deployed")).to_be_visible()
    assert asked == ["beforeunload", "confirm"]
    press(page, "Discard")
    page.reload()
    expect(page.get_by_role("textbox", name="Code of app.py")).to_be_visible()
    assert asked == ["beforeunload", "confirm"]


@pytest.mark.full
def test_code_that_was_changed_elsewhere_is_not_overwritten_unasked(
    console: Console, server: Server, function: str
) -> None:
    page = console.open(f"/functions/{function}")
    add_line(page, "MARK = 'mine'\n")
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("app.py", "MARK = 'theirs'\n")
    server.client().update_function_code(FunctionName=function, ZipFile=other.getvalue())
    press(page, "Deploy")
    expect(page.get_by_text("The code was changed elsewhere since you began.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Code of app.py")).to_contain_text("MARK = 'mine'")
    assert entries_of(server, function)["app.py"][1] == b"MARK = 'theirs'\n"
    press(page, "Deploy")
    expect(page.get_by_text(f"{function} runs the new code.")).to_be_visible()
    assert entries_of(server, function)["app.py"][1].endswith(b"MARK = 'mine'\n")
