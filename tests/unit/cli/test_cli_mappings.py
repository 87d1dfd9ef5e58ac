"""`lambdad mappings`: what people and pipes see."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from lambdad.cli import show

QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"
COUNTS = {"polled": 9, "filtered_out": 1, "invoked": 8, "failed_invoke": 2, "deleted": 7, "dropped": 0}


def mapping(**changes: Any) -> dict[str, Any]:
    return {
        "uuid": "u-1",
        "kind": "sqs",
        "source": QUEUE,
        "function": "arn:aws:lambda:us-east-1:000000000000:function:f:live",
        "state": "Enabled",
        "not_polled": None,
        "last_result": "OK",
        "waiting": 12,
        "running": 2,
        "allowed": 5,
        "events_per_s": 31.5,
        "since_s": 60.0,
        "counts": COUNTS,
    } | changes


def answers(fake: Any, *mappings: dict[str, Any]) -> None:
    fake._own = lambda _: (200, {}, json.dumps({"mappings": list(mappings)}).encode())


def test_a_mapping_is_one_line_in_a_pipe(fake, lambdad):
    answers(fake, mapping(), mapping(waiting=None, last_result=None))
    function = "arn:aws:lambda:us-east-1:000000000000:function:f:live"
    rest = "2\t5\t31.5\t9\t1\t8\t2\t7\t0"
    assert lambdad("mappings").out.splitlines() == [
        f"u-1\tEnabled\t{function}\t{QUEUE}\tOK\t12\t{rest}",
        f"u-1\tEnabled\t{function}\t{QUEUE}\t-\t-\t{rest}",
    ]


def test_people_see_names_and_what_is_wrong(fake, lambdad, monkeypatch: pytest.MonkeyPatch):
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=80, color_system=None, soft_wrap=True)
    monkeypatch.setattr(show, "out", console)
    answers(
        fake,
        mapping(),
        mapping(uuid="u-2", last_result="PROBLEM: Function call failed"),
        mapping(uuid="u-3", state="Disabled", not_polled="nothing polls", running=0, allowed=0, waiting=None),
    )
    lambdad("mappings")
    text = shown.getvalue()
    assert "orders" in text
    assert "2 of 5" in text
    assert "f:live (u-2): PROBLEM: Function call failed" in text
    assert "f:live (u-3): nothing polls" in text
    assert "(u-1)" not in text


def test_programs_get_the_answer_and_nobody_a_table_of_nothing(fake, lambdad):
    answers(fake, mapping())
    assert json.loads(lambdad("mappings", "--json").out) == {"mappings": [mapping()]}
    answers(fake)
    ran = lambdad("mappings")
    assert ran.out == ""
    assert "no event source mappings" in ran.err


PART = {
    "name": "shardId-000000000001",
    "state": "reading",
    "position": "49",
    "behind_ms": 90_000,
    "waiting": 7,
    "events_per_s": 2.0,
}


def test_people_see_shards_that_have_not_ended(fake, lambdad, monkeypatch: pytest.MonkeyPatch):
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=120, color_system=None, soft_wrap=True)
    monkeypatch.setattr(show, "out", console)
    ended = PART | {"name": "shardId-000000000000", "state": "ended"}
    answers(fake, mapping(kind="kinesis", parts=[ended, PART]))
    lambdad("mappings")
    text = shown.getvalue()
    assert "shardId-000000000001" in text
    assert "1 min 30 s" in text
    assert "shardId-000000000000" not in text


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ((), "trim-horizon"),
        (("--to", "latest"), "latest"),
        (("--to", "2026-11-27T10:00"), "2026-11-27T10:00:00+00:00"),
    ],
)
def test_a_reset_says_from_where(fake, lambdad, given: tuple[str, ...], sent: str):
    asked: list[Any] = []

    def own(request: Any) -> Any:
        asked.append(request)
        return 200, {}, json.dumps({"uuid": "u-1", "to": sent}).encode()

    fake._own = own
    ran = lambdad("mappings", "reset", "u-1", *given)
    assert sent in ran.err
    assert len(asked) == 1


def test_a_reset_to_nowhere_is_refused_before_anything_is_asked(fake, lambdad):
    fake._own = None
    ran = lambdad("mappings", "reset", "u-1", "--to", "yesterday")
    assert ran.status == 2
    assert "trim-horizon, latest or an ISO time" in ran.err
