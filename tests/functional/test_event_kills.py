"""Twenty rounds of the ledger that `make soak` keeps over a thousand kills."""

from __future__ import annotations

from pathlib import Path

from tests.soak.event_ledger import run

ROUNDS = 20
PAUSE_S = 0.05
"""Longer than in the soak, as every event is waited for in the end."""


def test_every_accepted_event_ends_exactly_once_over_kill_9(tmp_path: Path) -> None:
    ledger = run(tmp_path / "data", ROUNDS, seed=7, pause_s=PAUSE_S)
    assert ledger.problems == [], "\n".join(ledger.lines())
    assert ledger.rounds == ROUNDS
    assert ledger.ended == len(ledger.accepted) > 100
    assert set(ledger.conditions) == {"Success", "RetriesExhausted"}
    assert not ledger.refused
