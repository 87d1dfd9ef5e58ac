"""The companion's process, when it does not come up."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from lambdad.neighbours.companion.lifecycle import Companion, Surroundings
from lambdad.neighbours.companion.places import Place
from lambdad.neighbours.companion.states import State

AROUND = Surroundings(1, "secret", 4_566, "http", "http://169.254.100.1:4566", outbound=True)


class BrokenPlace(Place):
    """Has a program in the place of the interpreter that ends at once, with these words."""

    def __init__(self, parent: Path) -> None:
        super().__init__(parent)
        self.path.mkdir()
        self.mark(self.path)
        self.program = parent / "program"
        self.program.write_text("#!/bin/sh\necho 'some hook moved' >&2\nexit 1\n")
        self.program.chmod(0o755)

    @property
    def python(self) -> Path:
        return self.program


async def test_one_that_does_not_start_says_what_it_said_last_and_lets_nobody_wait(tmp_path: Path) -> None:
    companion = Companion(BrokenPlace(tmp_path), None, time.monotonic)
    companion.listen()
    companion.serve(AROUND)
    try:
        assert companion.state is State.IDLE
        assert companion.refusal() is None
        assert await companion.ready() is False
        assert companion.refusal() == "it does not start (some hook moved); the server tries again"
        assert companion.status()["failing"] == "some hook moved"
        assert companion.starts > 1
    finally:
        await companion.close()
    assert companion.state is State.STOPPED
    assert companion.refusal() == "the server is stopping"


async def test_who_connects_starts_it_and_who_does_so_where_it_is_not_installed_is_sent_away(
    tmp_path: Path,
) -> None:
    companion = Companion(Place(tmp_path), None, time.monotonic)
    companion.listen()
    companion.serve(AROUND)
    try:
        host, _, port = companion.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        assert companion.state is State.IDLE
        assert companion.refusal() == "it is not installed: run `lambdad neighbours install`"
        assert companion.status()["state"] == "not installed"
    finally:
        await companion.close()
