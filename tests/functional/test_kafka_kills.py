"""Ten rounds of the ledger of records of Kafka that `make soak` keeps over two hundred."""

from __future__ import annotations

from pathlib import Path

from tests.soak.kafka_ledger import run

ROUNDS = 10


def test_no_record_of_kafka_is_lost_or_out_of_order_over_kill_9(tmp_path: Path) -> None:
    ledger = run(tmp_path, ROUNDS, seed=7)
    assert ledger.problems == [], "\n".join(ledger.lines())
    assert ledger.rounds == ROUNDS
    assert ledger.changes >= 2
    assert len(ledger.seen) == ledger.produced.total() > 0
