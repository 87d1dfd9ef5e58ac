"""`lambdad bill`: what people, spreadsheets and programs see of it."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from rich.console import Console

from lambdad.cli import show
from lambdad.cli.bill import money


def line(name: str = "orders", cost: float = 1.5, **changes: Any) -> dict[str, Any]:
    charges = {"requests": 0.5, "duration": 1.0}
    made = {"region": "us-east-1", "function": name, "requests": 2_500_000, "gb_s": 60_000.0}
    return {**made, "charges": charges, "cost": cost, **changes}


def bill(*lines: dict[str, Any]) -> dict[str, Any]:
    return {
        "account": "000000000000",
        "since": "2026-11-01",
        "until": "2026-11-27",
        "by": "function",
        "prices": "AWS us-east-1, November 2026",
        "currency": "USD",
        "lines": list(lines),
        "charges": [
            {"charge": "requests", "quantity": 2_500_000.0, "unit": "requests", "cost": 0.5},
            {"charge": "ephemeral_storage", "quantity": 12.5, "unit": "GB-s", "cost": 0.0000003863},
        ],
        "total": 1.5,
        "free_tier": -1.2,
        "due": 0.3,
    }


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What a terminal of 100 columns shows."""
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=100, color_system=None, soft_wrap=True)
    monkeypatch.setattr(show, "out", console)
    return shown


def answers(fake: Any, answer: dict[str, Any]) -> None:
    fake._own = lambda _: (200, {}, json.dumps(answer).encode())


def test_people_see_lines_charges_and_what_is_left_after_the_free_tier(fake, lambdad, terminal):
    answers(fake, bill(line(), line("mail", cost=0.0000012)))
    assert lambdad("bill").status == 0
    text = terminal.getvalue()
    for said in (
        "2026-11-01 to 2026-11-27, account 000000000000",
        "2,500,000",
        "60,000.000",
        "0.000001",
        "storage beyond 512 MB",
        "12.5 GB-s",
        "AWS would have charged 1.50 USD",
        "less the free tier of 1.20: 0.300000 USD",
        "AWS us-east-1, November 2026",
    ):
        assert said in text
    assert text.index("orders") < text.index("mail")


def test_where_nothing_was_used_that_is_said(fake, lambdad, terminal):
    answers(fake, bill())
    lambdad("bill")
    assert "nothing was used" in terminal.getvalue()


def test_in_a_pipe_a_line_is_a_line(fake, lambdad):
    answers(fake, bill(line()))
    assert lambdad("bill").out == "1.5000000000\t2500000\t60000\tus-east-1\torders\n"


def test_a_spreadsheet_has_every_charge_and_no_formula(fake, lambdad):
    about = line()
    del about["region"], about["function"]
    answers(fake, bill({"tag": "=1+1", **about}))
    head, row = csv.reader(io.StringIO(lambdad("bill", "--by", "tag:team", "--csv").out))
    found = dict(zip(head, row, strict=True))
    assert found["tag"] == "'=1+1"
    assert (found["requests"], found["requests_cost"], found["duration_cost"]) == (
        "2500000",
        "0.5000000000",
        "1.0000000000",
    )
    assert (found["streaming_cost"], found["cost"], found["currency"]) == (
        "0.0000000000",
        "1.5000000000",
        "USD",
    )


def test_programs_get_the_servers_answer(fake, lambdad):
    answers(fake, bill(line()))
    assert json.loads(lambdad("bill", "--json").out) == bill(line())


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0.00"),
        (1234.5, "1,234.50"),
        (0.25, "0.250000"),
        (0.000_001_5, "0.000002"),
        (0.000_000_2, "0.0000002000"),
    ],
)
def test_amounts_have_as_many_digits_as_there_is_something_to_see(amount, text):
    assert money(amount) == text
