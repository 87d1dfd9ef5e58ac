"""Ten rounds of the ledger of messages that `make soak` keeps over two hundred."""

from __future__ import annotations

from pathlib import Path

from tests.soak.queue_ledger import run

ROUNDS = 10


def test_no_message_is_lost_or_out_of_order_over_kill_9(tmp_path: Path) -> None:
    ledger = run(tmp_path, ROUNDS, seed=7)
    assert ledger.problems == [], "\n".join(ledger.lines())
    assert ledger.rounds == ROUNDS
    assert len(ledger.handled) == sum(map(len, ledger.sent.values())) == ROUNDS * 40
