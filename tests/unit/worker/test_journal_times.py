"""What a function prints never sorts behind the END of its event, however the clock goes on meanwhile."""

from __future__ import annotations

import os

import pytest

from lambdad.domain.outcome import Status
from lambdad.worker.environment.journal import Journal
from tests.fakes.worker import FakeClock, FakeSink, version_of


class RunningClock(FakeClock):
    """A clock that is a millisecond later whenever it is asked."""

    def now(self) -> float:
        self.time += 0.001
        return self.time


@pytest.mark.parametrize("printed", [b"whole\n", b"no end", b"whole\nno end"])
async def test_a_line_read_at_the_end_of_an_event_has_the_time_of_its_end(printed: bytes) -> None:
    clock = RunningClock()
    journal = Journal(version_of(), "environment", FakeSink(), clock)
    output, inside = os.pipe2(os.O_NONBLOCK)
    journal.attach(output)
    os.write(inside, printed)
    ended_ms = int(clock.now() * 1000)
    record = journal.end(ended_ms, 1.0, Status.SUCCESS, None, None, 10)
    assert "".join(line.message for line in record.lines).encode() == printed
    assert all(line.timestamp_ms <= ended_ms for line in record.lines)
    os.close(inside)
    journal.close()
