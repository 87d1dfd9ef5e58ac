"""Exporters: bounded, counted, and never in the way."""

from __future__ import annotations

import logging
import threading

import pytest
from traced import told

from lambdad.telemetry.tracing.exporter import Exporter

WITHIN_S = 10


class Collector:
    """Takes what is sent, when it may."""

    def __init__(self) -> None:
        self.taken = 0
        self.error: OSError | None = None
        self.asked = threading.Semaphore(0)
        self.may_go = threading.Event()
        self.may_go.set()

    def __call__(self, some) -> None:
        self.asked.release()
        assert self.may_go.wait(WITHIN_S)
        if self.error is not None:
            raise self.error
        self.taken += len(some)


def test_what_is_put_is_sent_by_the_time_it_is_closed():
    collector = Collector()
    exporter = Exporter("x", collector, delay_s=0.0)
    for _ in range(600):
        exporter.put(told())
    exporter.close()
    assert (collector.taken, exporter.sent, exporter.failed, exporter.dropped) == (600, 600, 0, 0)


def test_a_collector_that_hangs_costs_a_bounded_number():
    collector = Collector()
    collector.may_go.clear()
    exporter = Exporter("x", collector, delay_s=0.0, most=10)
    exporter.put(told())
    assert collector.asked.acquire(timeout=WITHIN_S)
    for _ in range(25):
        exporter.put(told())
    assert (exporter.waiting, exporter.dropped) == (10, 15)
    collector.may_go.set()
    exporter.close()
    assert (exporter.sent, exporter.dropped) == (11, 15)


def test_what_cannot_be_sent_is_counted_told_once_and_not_the_end(caplog: pytest.LogCaptureFixture):
    logging.getLogger("lambdad").propagate = True
    collector = Collector()
    collector.error = OSError("refused")
    exporter = Exporter("x", collector, delay_s=0.0)
    for _ in range(3):
        exporter.put(told())
        assert collector.asked.acquire(timeout=WITHIN_S)
    while exporter.failed < 3:
        threading.Event().wait(0.001)
    collector.error = None
    exporter.put(told())
    exporter.close()
    assert (exporter.sent, exporter.failed) == (1, 3)
    assert [record.event for record in caplog.records] == ["traces.not_sent"]


def test_an_end_waits_for_nobody_who_is_not_there():
    collector = Collector()
    collector.error = OSError("refused")
    exporter = Exporter("x", collector, delay_s=60.0)
    for _ in range(2_000):
        exporter.put(told())
    exporter.close()
    assert exporter.failed == 256
