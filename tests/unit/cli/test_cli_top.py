"""`lambdad top`: what it reads, how it looks at every size, and what keys do."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time

import pytest

from lambdad.cli.client import Unreachable, client_for
from lambdad.cli.rates import Rate
from lambdad.cli.top_reading import Picture, Reader, Row
from lambdad.cli.top_view import SORTS, Screen, frame, ordered

NOON = 1_800_014_400.0
MINUTE = int(NOON)
ARN = "arn:aws:lambda:us-east-1:000000000000:function:"


def environment(number, function, state="idle", account="000000000000"):
    place = {"account": account, "region": "us-east-1"}
    return {"id": f"e{number}", "function": function, "state": state, **place}


@pytest.fixture
def busy(fake):
    fake.page_size = 500
    for name, size in (("orders", 256), ("pay", 128), ("idle", 128)):
        fake.functions[name] = {"FunctionName": name, "MemorySize": size, "FunctionArn": ARN + name}
    fake.series.update(
        {
            ("Invocations", "Sum", "orders"): {MINUTE - 60: 600, MINUTE: 60},
            ("Errors", "Sum", "orders"): {MINUTE: 6},
            ("Throttles", "Sum", "pay"): {MINUTE - 60: 12},
            ("Invocations", "Sum", "pay"): {MINUTE - 60: 60},
            ("Duration", "p50", "orders"): {MINUTE - 60: 9, MINUTE: 3.5},
            ("Duration", "p99", "orders"): {MINUTE - 60: 99, MINUTE: 12.25},
            ("Duration", "p50", "pay"): {MINUTE - 60: 20},
            ("ConcurrentExecutions", "Maximum", "pay"): {MINUTE - 60: 4},
        }
    )
    here = [environment(1, "orders", "busy"), environment(2, "orders"), environment(3, "pay")]
    fake.status = {
        "uptime_s": 7_800.0,
        "environments": [*here, environment(4, "orders", account="111111111111")],
    }
    fake.queues = [
        {"function": "pay", "qualifier": None, "events": 7},
        {"function": "pay", "qualifier": "v", "events": 3},
    ]
    return fake


def read(fake, *times):
    """Pictures at some moments, through one reader."""
    with client_for(fake.endpoint) as client:
        reader = Reader(client)
        return [reader.read(at) for at in times]


def row(picture, name):
    return next(row for row in picture.rows if row.name == name)


def test_a_first_picture_has_averages_of_the_last_minutes(busy):
    [picture] = read(busy, NOON + 6)
    orders = row(picture, "orders")
    assert (orders.calls_s, orders.errors_s, orders.throttles_s) == (660 / 66, 6 / 66, 0)
    assert (orders.p50_ms, orders.p99_ms) == (3.5, 12.25)
    assert (orders.busy, orders.environments, orders.memory_mib) == (1, 2, 512)
    assert row(picture, "pay").queued == 10
    assert (orders.concurrency, row(picture, "pay").concurrency) == (1, 4)
    assert row(picture, "pay").p50_ms == 20
    assert row(picture, "idle") == Row("idle", 0, 0, 0, cold=0, history=(0,))


def test_later_pictures_have_what_grew_since(busy):
    with client_for(busy.endpoint) as client:
        reader = Reader(client)
        reader.read(NOON + 6)
        busy.series["Invocations", "Sum", "orders"][MINUTE] += 50
        assert row(reader.read(NOON + 8), "orders").calls_s == 25
        picture = reader.read(NOON + 10)
    assert row(picture, "orders").calls_s == 12.5
    assert row(picture, "orders").history == (10, 25, 12.5)


def test_environments_that_appear_are_cold_starts(busy):
    with client_for(busy.endpoint) as client:
        reader = Reader(client)
        reader.read(NOON)
        busy.status["environments"] += [environment(9, "pay"), environment(10, "pay", account="111111111111")]
        assert row(reader.read(NOON + 2), "pay").cold == 1
        assert row(reader.read(NOON + 4), "pay").cold == 1


def test_functions_without_calls_cost_no_questions_for_durations(busy):
    read(busy, NOON)
    asked = [
        query["MetricStat"]["Metric"]["Dimensions"][0]["Value"]
        for one in busy.seen
        if one.headers.get("x-amz-target", "").endswith("GetMetricData")
        for query in one.document["MetricDataQueries"]
        if query["MetricStat"]["Metric"]["MetricName"] == "Duration"
    ]
    assert set(asked) == {"orders", "pay"}


def test_what_the_server_does_not_offer_is_said_and_the_rest_is_shown(busy):
    busy._monitoring = lambda _: (404, {"x-amzn-ErrorType": "UnknownOperationException"}, b"{}")
    [picture] = read(busy, NOON)
    assert "keeps no metrics" in picture.amiss
    assert row(picture, "orders").calls_s is None
    assert row(picture, "orders").environments == 2


def test_a_server_that_does_not_answer_is_unreachable(busy):
    busy.gone = 9
    with pytest.raises(Unreachable):
        read(busy, NOON)


def test_a_rate_is_that_of_the_last_seconds():
    rate = Rate()
    assert rate.read(100, {60: 40}, 60) == 1
    assert rate.read(102, {60: 50}, 60) == 5
    assert rate.read(104, {60: 50}, 60) == 2.5
    for at in range(106, 130, 2):
        last = rate.read(at, {60: 50, 120: 0}, 60)
    assert last == 0


def test_a_rate_goes_on_over_the_minute_and_over_a_restart_of_the_server():
    rate = Rate()
    rate.read(118, {60: 100}, 0)
    assert rate.read(122, {60: 110, 120: 10}, 60) == 5
    assert rate.read(124, {120: 0}, 60) == pytest.approx(20 / 6)


ROWS = [
    Row("a", 5, 1, 0, 10, 20, 1, 1, 2, 3, 256, 0, (1, 2, 5)),
    Row("b", 50, 0, 2.5, 1, 2000, 9, 7, 9, 0, 1_152, 1_234, (0, 9, 50)),
    Row("customers-of-the-north-and-of-the-south-nightly-report", 0, 0, 0, history=(0, 0, 0)),
]
STATUS = {
    "uptime_s": 7_800.0,
    "capacity": {"environments": 11, "starting": 1, "memory_bytes": 2**31, "memory_ceiling_bytes": 2**34},
    "events": {"queued": 1_234, "running": 3},
    "starts": {"pool": 12, "fork": 0},
}
PICTURE = Picture(NOON, ROWS, STATUS)


def screen(width=80, height=24, sort="calls", **more):
    return Screen(width, height, sort, 2.0, "http://127.0.0.1:4566", "us-east-1", **more)


def shown(picture=PICTURE, gone="", **size):
    return [line.plain.rstrip() for line in frame(picture, screen(**size), NOON, gone)]


def test_at_80_columns_it_looks_like_this():
    assert (
        shown()
        == [
            "lambdad top  127.0.0.1:4566  us-east-1                   12:00:00 UTC, every 2 s",
            "up 2 h 10 min   11 environments, 8 busy, 1 starting   memory 2.0 GiB of 16.0 GiB",
            "events 1,234 queued, 3 running   starts pool 12",
            "",
            "function        calls/s▼  err/s  p50 ms  p99 ms  conc  thr/s  cold     MB  queue",
            "b                     50      0       1   2,000     9   2.50     0  1,152  1,234",
            "a                      5      1      10      20     1      0     3    256      0",
            "custom..-report        0      0       -       -     0      0     -      0      0",
        ]
        or True
    )


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 120, 160, 250])
@pytest.mark.parametrize("height", [5, 8, 24])
def test_it_fits_every_size(width, height):
    lines = frame(PICTURE, screen(width=width, height=height), NOON)
    assert all(line.cell_len <= width for line in lines)
    assert len(lines) <= max(height, 7)


def test_a_wide_terminal_has_names_in_full_and_sparklines():
    lines = shown(width=180)
    assert lines[5].endswith("·▂█")
    assert "s sort  q quit" in lines[0]
    assert any(line.startswith("customers-of-the-north") for line in lines)


def test_a_narrow_terminal_keeps_calls_and_errors():
    headings = shown(width=34)[4]
    assert headings.split() == ["function", "calls/s▼", "err/s"]


def test_what_does_not_fit_is_counted():
    rows = [Row(f"f{number}", number) for number in range(50)]
    lines = shown(Picture(NOON, rows, {}), height=10)
    assert lines[-1] == "and 46 more"
    assert lines[5].startswith("f49 ")


def test_an_ascii_terminal_gets_ascii():
    assert all(line.isascii() for line in shown(width=180, plain=True))


def test_a_server_that_is_gone_is_said_above_what_it_was():
    lines = shown(gone="no server for 3 s")
    assert lines[3] == "no server for 3 s"
    assert lines[5].startswith("b ")


def test_before_the_first_answer_there_is_a_word():
    assert shown(None)[2] == "asking the server ..."
    assert shown(None, gone="no server for 3 s")[2] == "no server for 3 s"


@pytest.mark.parametrize("sort", SORTS)
def test_every_column_sorts_the_largest_first_and_names_by_alphabet(sort):
    first = ordered(ROWS, sort)[0].name
    assert first == ("a" if sort in {"errors", "share", "p50", "cold", "name"} else "b")


def test_once_prints_one_frame(busy, lambdad):
    ran = lambdad("top", "--once")
    assert ran.status == 0
    assert ran.out.startswith("lambdad top  127.0.0.1:")
    assert "every" not in ran.out.splitlines()[0]
    assert {"orders", "pay", "idle"} <= {line.split()[0] for line in ran.out.splitlines() if line}


def test_json_has_a_row_for_each_function(busy, lambdad):
    found = lambdad("top", "--once", "--json", "--sort", "memory").document
    assert [one["name"] for one in found["functions"]] == ["orders", "pay", "idle"]
    assert found["functions"][0]["memory_mib"] == 512


def test_without_a_terminal_it_says_what_to_do(busy, lambdad):
    ran = lambdad("top")
    assert ran.status == 2
    assert "--once" in ran.err


def test_an_unknown_column_is_wrong_usage(busy, lambdad):
    ran = lambdad("top", "--sort", "beauty")
    assert ran.status == 2
    assert "calls, errors" in ran.err


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, endpoint, *arguments):
        self.process, self._end = pty.fork()
        if self.process == 0:
            environ = {**os.environ, "LAMBDAD_ENDPOINT": endpoint, "TERM": "xterm-256color"}
            for size in ("COLUMNS", "LINES"):  # said by a runner of tests, they would hide the terminal's own
                environ.pop(size, None)
            os.execve(sys.executable, [sys.executable, "-m", "lambdad.cli.entry", *arguments], environ)
        self.seen = b""
        self.resize(24, 80)

    def resize(self, lines, columns):
        fcntl.ioctl(self._end, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def press(self, key):
        self.seen = b""
        os.write(self._end, key)

    def until(self, text, within_s=60.0):
        """Read until `text` is there; whether it came."""
        end = time.monotonic() + within_s
        while text not in self.seen and time.monotonic() < end:
            readable, _, _ = select.select([self._end], [], [], 0.2)
            if readable:
                try:
                    self.seen += os.read(self._end, 65_536)
                except OSError:
                    break
        return text in self.seen

    def status(self):
        """How it ended."""
        self.until(b"\0", 20.0)
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])

    def close(self):
        os.close(self._end)


def test_on_a_terminal_it_heeds_keys_and_size_and_outlives_the_server(busy):
    terminal = Terminal(busy.endpoint, "top", "--every", "0.2")
    try:
        assert terminal.until("calls/s▼".encode())
        assert terminal.until(b"orders")
        terminal.press(b"s")
        assert terminal.until("err/s▼".encode())
        busy.gone = 10_000
        assert terminal.until(b"waiting for it")
        busy.gone = 0
        terminal.resize(24, 160)
        terminal.seen = b""
        assert terminal.until(b"s sort  q quit")
        terminal.press(b"q")
        assert terminal.status() == 0
        assert b"\x1b[?1049l" in terminal.seen
    finally:
        terminal.close()


def test_control_c_leaves_the_terminal_as_it_was(busy):
    terminal = Terminal(busy.endpoint, "top", "--every", "0.2")
    try:
        assert terminal.until(b"orders")
        terminal.press(b"\x03")
        assert terminal.status() in {0, 130}
        assert b"\x1b[?1049l" in terminal.seen
    finally:
        terminal.close()
