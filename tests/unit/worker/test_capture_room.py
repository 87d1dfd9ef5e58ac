"""Printing waits for a log store that is behind, but not for ever for one that has stopped."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable

import pytest

from lambdad.ports.log_store import StreamKey
from lambdad.worker.environment import capture
from lambdad.worker.environment.journal import Journal
from tests.fakes.worker import FakeClock, FakeSink, version_of


class NarrowSink(FakeSink):
    """A sink that has room when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.is_behind = False
        self.waiting: list[Callable[[], None]] = []

    def has_room(self, stream: StreamKey, on_room: Callable[[], None]) -> bool:
        if self.is_behind:
            self.waiting.append(on_room)
        return not self.is_behind

    def make_room(self) -> None:
        self.is_behind = False
        waiting, self.waiting = self.waiting, []
        for on_room in waiting:
            on_room()


class Printer:
    """A process that prints into a journal."""

    def __init__(self) -> None:
        self.sink = NarrowSink()
        self.journal = Journal(version_of(), "environment", self.sink, FakeClock())
        reading, self.writing = os.pipe2(os.O_NONBLOCK)
        self.journal.attach(reading)

    def print(self, text: str) -> bool:
        """False when the pipe is full."""
        try:
            os.write(self.writing, text.encode())
        except BlockingIOError:
            return False
        return True

    async def until(self, text: str) -> None:
        async with asyncio.timeout(30):
            while text not in self.sink.text:
                await asyncio.sleep(0.001)


@pytest.fixture
async def printer() -> AsyncIterator[Printer]:
    made = Printer()
    yield made
    os.close(made.writing)
    made.journal.close()


async def behind(printer: Printer) -> None:
    """Bring the printer to where its output is not read."""
    printer.sink.is_behind = True
    printer.print("first\n")
    await printer.until("first\n")
    assert printer.sink.waiting


async def test_a_pipe_is_not_read_while_the_store_is_behind(printer: Printer) -> None:
    await behind(printer)
    while printer.print("x" * 4_095 + "\n"):
        await asyncio.sleep(0)
    assert printer.sink.text == "first\n"
    printer.sink.make_room()
    await printer.until("x\n")
    assert printer.print("more\n")
    await printer.until("more\n")


async def test_a_store_that_has_stopped_does_not_stop_who_prints(
    printer: Printer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture, "LOG_STALL_S", 0.001)
    await behind(printer)
    printer.print("after the wait\n")
    await printer.until("after the wait\n")
    printer.print("and on\n")
    await printer.until("and on\n")
    assert len(printer.sink.waiting) == 1, "asked again and again"


async def test_printing_waits_again_after_a_store_has_recovered(
    printer: Printer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture, "LOG_STALL_S", 0.001)
    await behind(printer)
    printer.print("stalled\n")
    await printer.until("stalled\n")
    printer.sink.make_room()
    monkeypatch.setattr(capture, "LOG_STALL_S", 3600)
    printer.sink.is_behind = True
    printer.print("second\n")
    await printer.until("second\n")
    assert len(printer.sink.waiting) == 1
    printer.print("third\n")
    for _ in range(10):
        await asyncio.sleep(0)
    assert "third" not in printer.sink.text


async def test_what_a_paused_process_has_printed_is_read_at_its_end(printer: Printer) -> None:
    await behind(printer)
    printer.print("last words")
    printer.journal.close()
    assert printer.sink.text == "first\nlast words"


async def test_the_output_of_a_process_started_meanwhile_waits_too(printer: Printer) -> None:
    await behind(printer)
    reading, writing = os.pipe2(os.O_NONBLOCK)
    printer.journal.attach_extension("extension:watcher", reading)
    os.write(writing, b"hello\n")
    for _ in range(10):
        await asyncio.sleep(0)
    assert printer.sink.text == "first\n"
    printer.sink.make_room()
    await printer.until("hello\n")
    os.close(writing)
