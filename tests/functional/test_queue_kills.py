"""Some rounds of the ledger of messages that `make soak` keeps over two hundred kills."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.forms import sizes
from tests.soak.queue_ledger import run


@pytest.mark.parametrize("rounds", sizes(4, full=10))
def test_no_message_is_lost_or_out_of_order_over_kill_9(tmp_path: Path, rounds: int) -> None:
    ledger = run(tmp_path, rounds, seed=7)
    assert ledger.problems == [], "\n".join(ledger.lines())
    assert ledger.rounds == rounds
    assert len(ledger.handled) == sum(map(len, ledger.sent.values())) == rounds * 40
