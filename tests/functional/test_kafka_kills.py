"""Some rounds of the ledger of records of Kafka that `make soak` keeps over two hundred kills."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.forms import sizes
from tests.soak.kafka_ledger import run


@pytest.mark.parametrize("rounds", sizes(4, full=10))
def test_no_record_of_kafka_is_lost_or_out_of_order_over_kill_9(tmp_path: Path, rounds: int) -> None:
    ledger = run(tmp_path, rounds, seed=7)
    assert ledger.problems == [], "\n".join(ledger.lines())
    assert ledger.rounds == rounds
    assert ledger.changes >= 2
    assert len(ledger.seen) == ledger.produced.total() > 0
