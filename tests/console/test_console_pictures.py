"""The documentation shows every picture of the console that there is, and they are small."""

from __future__ import annotations

import re

from tests.console.pictures import MOST_BYTES, PICTURES, SHOWN

DOCS = PICTURES.parent.parent


def test_every_picture_is_shown_and_small() -> None:
    there = {path.stem: path.stat().st_size for path in PICTURES.glob("*.png")}
    shown = {
        name
        for page in DOCS.rglob("*.md")
        for name in re.findall(r"images/console/([\w-]+)\.png", page.read_text("utf-8"))
    }
    assert set(there) == shown == set(SHOWN)
    assert len(SHOWN) <= 12
    assert [name for name, size in there.items() if size > MOST_BYTES] == []
