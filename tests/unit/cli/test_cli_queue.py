"""`lambdad queue`: what people see of a queue, and what the commands ask for."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from lambdad.cli import queue_view, show

COUNTS = dict.fromkeys(queue_view.COUNTS, 0)
SQS = "arn:aws:sqs:us-east-1:000000000000:failed-orders"


def lane(function: str = "f", qualifier: str | None = None, **changes: Any) -> dict[str, Any]:
    made = {
        "function": function,
        "qualifier": qualifier,
        "events": 0,
        "running": 0,
        "paused": False,
        "throttled_s": 0.0,
        "oldest_s": 0.0,
        "next_attempt_s": None,
        "since_start": {**COUNTS, **changes.pop("counts", {})},
    }
    return made | changes


def owed(**changes: Any) -> dict[str, Any]:
    return {"target": SQS, "messages": 1, "attempts": 0, "next_attempt_s": 0.0, "last_error": None} | changes


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What a terminal of 80 columns shows."""
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=80, color_system=None, soft_wrap=True)
    monkeypatch.setattr(show, "out", console)
    return shown


def answers(fake: Any, answer: dict[str, Any], *further: dict[str, Any]) -> None:
    waiting = [answer, *further]
    fake._own = lambda _: (200, {}, json.dumps(waiting.pop(0)).encode())


def test_a_queue_is_one_line_in_a_pipe_and_so_is_what_is_owed(fake, lambdad):
    queues = [
        lane("f", "live", events=3, oldest_s=9.5, next_attempt_s=1.0, counts={"received": 4, "failed": 1})
    ]
    answers(fake, {"queues": queues, "owed": [owed(messages=2, last_error="it is down")]})
    ran = lambdad("queue")
    assert ran.out.splitlines() == [
        "queue\tf:live\twaiting\t3\t0\t9.5\t1.0\t4\t0\t0\t0\t1\t0\t0\t0\t0",
        f"owed\t{SQS}\t2\t0\t0.0\tit is down",
    ]


def test_nothing_at_all_is_said_in_words(fake, lambdad):
    answers(fake, {"queues": [], "owed": []})
    ran = lambdad("queue")
    assert (ran.status, ran.out) == (0, "")
    assert "nothing is queued" in ran.err


def test_json_is_what_the_server_answers(fake, lambdad):
    answer = {"queues": [lane()], "owed": []}
    answers(fake, answer)
    assert lambdad("queue", "--json").document == answer


def test_eighty_columns_hold_the_longest_name_whole(terminal):
    name, alias = "n" * 60 + "last", "a" * 20
    queue_view.report({"queues": [lane(name, alias, events=1_000_000, oldest_s=21_600.0)], "owed": []})
    lines = terminal.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    whole = "".join(line.split()[0] for line in lines if line.strip())
    assert whole.count(name + ":" + alias) == 2, terminal.getvalue()
    assert "1000000" in terminal.getvalue()
    assert "6 h 0 min" in terminal.getvalue()


def test_what_is_owed_is_told_with_its_error(terminal):
    queue_view.report(
        {"queues": [], "owed": [owed(messages=7, attempts=2, next_attempt_s=95.2, last_error="no")]}
    )
    assert terminal.getvalue().splitlines()[1:] == [
        f"  {SQS}",
        "    7 messages, tried up to 2 times, next try in 1 min",
        "    no",
    ]


def test_what_is_seldom_is_told_when_it_happened(terminal):
    queue_view.report({"queues": [lane(counts={"looped": 1, "undelivered": 4, "given_up": 2})], "owed": []})
    last = terminal.getvalue().splitlines()[-1]
    assert last == (
        "f: 1 event stopped in a recursive loop, 4 failed attempts to deliver, 2 messages given up"
    )


@pytest.mark.parametrize(
    ("state", "changes"),
    [
        ("paused", {"paused": True, "throttled_s": 1.0, "running": 1}),
        ("throttled", {"throttled_s": 1.0, "running": 1, "events": 2}),
        ("running", {"running": 1, "events": 2}),
        ("waiting", {"events": 2}),
        ("empty", {}),
    ],
)
def test_the_state_says_why_nothing_runs(state, changes):
    assert queue_view.state_of(lane(**changes)) == state


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-"), (0.0, "0 s"), (0.4, "<1 s"), (59.9, "59 s"), (61, "1 min"), (3_600, "1 h 0 min")],
)
def test_durations_are_short(seconds, text):
    assert queue_view.duration(seconds) == text


@pytest.mark.parametrize(
    ("command", "answer", "line"),
    [
        ("pause", {"paused": True}, "f:live: paused"),
        ("resume", {"paused": False}, "f:live: resumed"),
        ("purge", {"purged": 1}, "f:live: removed 1 event"),
        ("purge", {"purged": 0}, "f:live: removed 0 events"),
    ],
)
def test_a_queue_is_steered_by_the_name_of_its_function(fake, lambdad, command, answer, line):
    answers(fake, {"function": "f", "qualifier": "live", **answer})
    assert lambdad("queue", command, "f:live").out == line + "\n"
    assert (fake.seen[0].method, fake.seen[0].path) == ("POST", f"/lambdad/v1/queue/{command}")
    assert fake.seen[0].document == {"function": "f:live"}


def test_a_redrive_goes_on_until_there_is_no_more(fake, lambdad):
    answer = {"function": "f", "qualifier": None, "queue": SQS}
    answers(
        fake,
        answer | {"queued": 900, "left": 100, "more": True},
        answer | {"queued": 5, "left": 0, "more": False},
    )
    ran = lambdad("queue", "redrive", "f")
    assert ran.out.startswith(f"f: queued 905 events from {SQS}; 100 left in it")


def test_help_says_that_aws_has_nothing_like_it(lambdad):
    for command in ((), ("pause",), ("resume",), ("purge",), ("redrive",)):
        assert "Not part of AWS" in " ".join(lambdad("queue", *command, "--help").out.split())
