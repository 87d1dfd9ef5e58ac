"""Some rounds of the ledger that `make soak` keeps over a thousand kills."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.forms import sizes
from tests.soak.event_ledger import run

PAUSE_S = 0.05
"""Longer than in the soak, as every event is waited for in the end."""


@pytest.mark.parametrize("rounds", sizes(7, full=20))
def test_every_accepted_event_ends_exactly_once_over_kill_9(tmp_path: Path, rounds: int) -> None:
    ledger = run(tmp_path / "data", rounds, seed=7, pause_s=PAUSE_S)
    assert ledger.problems == [], "\n".join(ledger.lines())
    assert ledger.rounds == rounds
    assert ledger.ended == len(ledger.accepted) > 5 * rounds
    assert set(ledger.conditions) == {"Success", "RetriesExhausted"}
    assert not ledger.refused
