"""Ten rounds of the ledger of records that `make soak` keeps over two hundred kills, and what it would not let pass."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.soak.stream_ledger import StreamLedger, judge, run

ROUNDS = 10


def test_no_record_is_lost_or_out_of_order_over_kill_9(tmp_path: Path) -> None:
    ledger = run(tmp_path, ROUNDS, seed=7)
    assert ledger.problems == [], "\n".join(ledger.lines())
    assert ledger.rounds == ROUNDS
    assert ledger.changes >= 2
    assert len(ledger.seen) == ledger.produced.total() > 0


def test_the_ledger_finds_windows_that_count_a_record_twice_or_not_at_all() -> None:
    ledger = StreamLedger(produced=Counter({("plain", "k"): 2}))
    judge(
        ledger,
        [[1.0, "plain", "k", 1], [2.0, "plain", "k", 2], [3.0, "window", "w", 2], [4.0, "window", "w", 3]],
    )
    assert ledger.problems == ["window w counted 2, and then 3"]
    ledger = StreamLedger(produced=Counter({("plain", "k"): 1}))
    judge(ledger, [[1.0, "plain", "k", 1]])
    assert ledger.problems == ["windows counted 0 of 1 records"]


def test_the_ledger_finds_what_is_lost_reordered_or_repeated_without_a_reason() -> None:
    ledger = StreamLedger(produced=Counter({("s", "k"): 4}), kills=[100.0])
    judge(ledger, [[99.0, "s", "k", 1], [102.0, "s", "k", 1], [110.0, "s", "k", 3], [111.0, "s", "k", 1]])
    assert ledger.problems == [
        "record 3 of s k was seen after 1",
        "record 1 of s k was seen again and nothing was killed",
        "2 records of s k were never seen: [2, 4] …",
    ]
    ledger = StreamLedger(produced=Counter({("s", "k"): 1}), kills=[100.0])
    judge(ledger, [[1.0, "s", "k", 1], [101.0, "s", "k", 1]])
    assert ledger.problems == ["record 1 of s k was seen again and nothing was killed"]
