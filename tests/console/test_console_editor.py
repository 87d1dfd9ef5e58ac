"""Files of a function in the console's editor; versions, aliases and any span of time beside $LATEST and now."""

from __future__ import annotations

import io
import zipfile
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect

from tests.console.acting import press
from tests.console.conftest import Console
from tests.running import Server

SOURCE = "def handler(event, context):\n    return context.function_version\n"
DATA = b"\xff\xfe\x00A"


@pytest.fixture(scope="module")
def function(server: Server) -> str:
    return server.function({"app.py": SOURCE, "data.bin": DATA, "old.py": "OLD = True\n"})


def code_of(server: Server, function: str) -> dict[str, bytes]:
    """The files that the server has."""
    location = server.client("lambda").get_function(FunctionName=function)["Code"]["Location"]
    with urlopen(location, timeout=30) as response, zipfile.ZipFile(io.BytesIO(response.read())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.full
def test_files_are_added_moved_and_deleted_and_the_rest_is_deployed_byte_for_byte(
    console: Console, function: str, server: Server
) -> None:
    page = console.open(f"/functions/{function}")
    expect(page.get_by_role("textbox", name="Code of app.py")).to_be_visible()

    press(page, "New file")
    path = page.get_by_label("Path of the new file")
    path.fill("app.py/inner.py")
    expect(page.get_by_text("app.py is a file, so it can hold none.")).to_be_visible()
    path.fill("lib/words.py")
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="Code of lib/words.py").click()
    page.keyboard.type("WORD = 'new'")

    page.get_by_role("link", name="data.bin").click()
    press(page, "Rename")
    page.get_by_label("New path of data.bin").fill("lib/data.bin")
    press(page, "Move")
    expect(page.get_by_text("is no text in UTF-8")).to_be_visible()

    page.get_by_role("link", name="old.py").click()
    press(page, "Delete old.py")
    expect(page.get_by_role("link", name="old.py")).to_have_count(0)
    expect(page.get_by_text("4 not deployed")).to_be_visible()
    assert console.violations() == []
    assert set(code_of(server, function)) == {"app.py", "data.bin", "old.py"}

    press(page, "Deploy")
    expect(page.get_by_text(f"{function} runs the new code.")).to_be_visible()
    expected = {"app.py": SOURCE.encode(), "lib/words.py": b"WORD = 'new'", "lib/data.bin": DATA}
    assert code_of(server, function) == expected


@pytest.mark.full
def test_what_was_not_deployed_is_kept_when_the_function_has_changed_elsewhere(
    console: Console, server: Server
) -> None:
    function = server.function({"app.py": SOURCE})
    page = console.open(f"/functions/{function}")
    expect(page.get_by_role("textbox", name="Code of app.py")).to_be_visible()
    server.client("lambda").delete_function(FunctionName=function)
    press(page, "New file")
    page.get_by_label("Path of the new file").fill("more.py")
    press(page, "Create")
    press(page, "Deploy")
    expect(page.get_by_text("Function not found").first).to_be_visible()
    expect(page.get_by_text("1 not deployed")).to_be_visible()
    press(page, "Discard")
    expect(page.get_by_text("not deployed")).to_have_count(0)


@pytest.mark.full
def test_a_version_and_an_alias_can_be_tested(console: Console, server: Server) -> None:
    function = server.function({"app.py": SOURCE})
    client = server.client("lambda")
    client.publish_version(FunctionName=function)
    client.create_alias(FunctionName=function, Name="live", FunctionVersion="1")
    page = console.open(f"/functions/{function}/test")
    for shown, version in (("Alias live", "1"), ("The function itself", "$LATEST"), ("Version 1", "1")):
        page.get_by_label("Test of").click()
        page.get_by_role("option", name=shown, exact=True).click()
        press(page, "Test")
        expect(page.get_by_label("Response", exact=True)).to_have_text(f'"{version}"')
    assert console.violations() == []


@pytest.mark.full
def test_metrics_are_shown_of_any_span_of_time(console: Console, function: str, server: Server) -> None:
    server.client("lambda").invoke(FunctionName=function)
    page = console.open(f"/functions/{function}/monitor")
    expect(page.get_by_role("img", name="Invocations: at most")).to_be_visible()
    page.get_by_role("button", name="Custom").click()
    page.get_by_label("From").fill("2001-02-03 12:00")
    page.get_by_label("To", exact=True).fill("2001-02-03 11:00")
    expect(page.get_by_text("It ends before it begins.")).to_be_visible()
    page.get_by_label("To", exact=True).fill("2001-02-03 13:00")
    expect(page.get_by_text("Nothing was measured in this time.").first).to_be_visible()
    page.get_by_label("From").fill("2026-01-01 00:00")
    page.get_by_label("To", exact=True).fill("")
    expect(page.get_by_role("img", name="Invocations: at most")).to_be_visible()
    assert console.violations() == []


def test_a_function_may_be_called_create(console: Console, server: Server) -> None:
    server.function({"app.py": SOURCE}, FunctionName="create")
    page = console.open("/functions/create")
    expect(page.get_by_role("heading", name="create", exact=True)).to_be_visible()
    expect(page.get_by_role("textbox", name="Code of app.py")).to_be_visible()
