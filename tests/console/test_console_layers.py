"""The page of layers."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.console.conftest import Console
from tests.running import Server, zip_of


def test_a_version_is_published_shown_and_deleted(console: Console, server: Server, tmp_path: Path) -> None:
    content = tmp_path / "layer.zip"
    content.write_bytes(zip_of({"python/of_layer.py": "VALUE = 1\n"}))
    page = console.open("/layers")
    expect(page.get_by_text("There are no layers in this region yet.")).to_be_visible()
    page.get_by_role("button", name="Publish a version").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Layer name").fill("tools")
    dialog.locator("input[type=file]").set_input_files(content)
    assert console.violations() == []
    dialog.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("A version of tools is published.")).to_be_visible()
    assert server.client().list_layer_versions(LayerName="tools")["LayerVersions"][0]["Version"] == 1
    page.get_by_role("radio", name="tools").check()
    expect(page.get_by_text(":layer:tools:1")).to_be_visible()
    assert console.violations() == []
    page.get_by_role("button", name="Delete version 1").click()
    page.get_by_role("dialog").get_by_label("To confirm, type delete").fill("delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("There are no layers in this region yet.")).to_be_visible()
