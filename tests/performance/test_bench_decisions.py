"""The bench's decisions on values: verdicts, the best peer, reading wrk, the tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import hotspots, options, report, wrk
from bench.functions import Kind
from bench.install import PEERS, Absent, peer
from bench.plan import FULL, FULL_MEMORY_MIB, QUICK
from bench.reach import PRODUCT, Check, Verdict, checks
from bench.results import Key, Measure, Results


def warm(results: Results, subject: str, metric: str, connections: int, *values: float) -> None:
    size = FULL_MEMORY_MIB if subject == PRODUCT else None
    for value in values:
        results.add(Key(Measure.WARM, subject, metric, Kind.PYTHON, size, connections), value)


def verdict(results: Results, what: str, peers: tuple[str, ...] = ()) -> Check:
    return next(check for check in checks(results, peers) if check.what == what)


@pytest.mark.parametrize(
    ("seen", "at_most", "expected"),
    [
        (10.0, True, Verdict.PASS),
        (10.1, True, Verdict.FAIL),
        (10.0, False, Verdict.PASS),
        (9.9, False, Verdict.FAIL),
        (None, True, Verdict.UNKNOWN),
    ],
)
def test_a_limit_itself_is_kept_and_what_was_not_measured_is_neither(
    seen: float | None, at_most: bool, expected: Verdict
) -> None:
    assert Check("x", "µs", seen, 10.0, at_most).verdict is expected


def test_the_median_of_the_rounds_decides() -> None:
    results = Results()
    warm(results, PRODUCT, "p50_us", 1, 240, 9000, 245)
    assert verdict(results, "warm p50, Python, 1 connection").verdict is Verdict.PASS


def test_ratios_to_the_floor_use_the_same_number_of_connections() -> None:
    results = Results()
    warm(results, PRODUCT, "p50_us", 1, 200)
    warm(results, "floor-uvloop", "p50_us", 1, 50)
    warm(results, "floor-uvloop", "p50_us", 8, 1)
    assert verdict(results, "warm p50 / floor-uvloop at 1").seen == pytest.approx(4.0)


def test_the_best_peer_is_the_quickest_for_latency_and_the_busiest_for_rate() -> None:
    results = Results()
    warm(results, PRODUCT, "p50_us", 1, 100)
    warm(results, PRODUCT, "rate_per_s", 8, 3000)
    warm(results, "slow", "p50_us", 1, 900)
    warm(results, "slow", "rate_per_s", 8, 2000)
    warm(results, "quick", "p50_us", 1, 300)
    warm(results, "quick", "rate_per_s", 8, 1000)
    latency = verdict(results, "warm p50 / best peer, python, at 1", ("slow", "quick"))
    rate = verdict(results, "rate / best peer, python, at 8", ("slow", "quick"))
    assert (latency.context, latency.verdict) == ("quick", Verdict.PASS)
    assert (rate.context, rate.seen, rate.verdict) == ("slow", 1.5, Verdict.FAIL)


def test_without_any_figure_every_check_says_so() -> None:
    assert {check.verdict for check in checks(Results(), PEERS)} == {Verdict.UNKNOWN}


def test_figures_of_wrk_are_read_exactly_and_the_rate_from_its_own_time() -> None:
    line = (
        'LAMBDAD {"mean_us":250.5,"requests":4000,"duration_us":2000000,"p50_us":200,"p90_us":300,'
        '"p99_us":900,"max_us":1200,"failed":1}'
    )
    load = wrk.parse(f"Running 2s test\n{line}\n", 8)
    assert (load.rate, load.p50_us, load.p99_us, load.failed, load.connections) == (2000.0, 200, 900, 1, 8)


def test_output_without_the_line_of_our_script_is_an_error() -> None:
    with pytest.raises(wrk.LoadError, match="nothing readable"):
        wrk.parse("Segmentation fault", 1)


def test_bodies_are_quoted_for_lua_byte_by_byte() -> None:
    script = wrk.lua_script(b'{"a\\": "\n\xff"}', {})
    assert 'wrk.body = "{\\034a\\092\\034: \\034\\010\\255\\034}"' in script


def test_a_failure_is_kept_once_however_often_it_happens() -> None:
    results = Results()
    for _ in range(3):
        results.fail("warm", "peer", "python at 8", "no\n  answer")
    assert [failure.reason for failure in results.failures] == ["no answer"]


def test_failures_stand_in_the_report_in_words() -> None:
    results = Results()
    results.fail("all", "ministack", "install", "pip said | no")
    page = report.Page("2026-01-01", "c", {}, {}, [], {}, {})
    text = report.as_markdown(page, results, [])
    assert "| all | ministack | install | pip said \\| no |" in text


def test_rows_of_the_warm_table_follow_language_connections_and_the_order_of_subjects() -> None:
    results = Results()
    for connections in (8, 1):
        for subject in ("peer", PRODUCT):
            warm(results, subject, "rate_per_s", connections, 10)
    page = report.Page("d", "c", {}, {}, [PRODUCT, "peer"], {}, {})
    rows = [row[1:3] for row in report.warm_rows(page, results)]
    assert rows == [("1", "lambdad 1769 MB"), ("1", "peer"), ("8", "lambdad 1769 MB"), ("8", "peer")]


def test_an_unknown_peer_is_reported_as_absent(tmp_path: Path) -> None:
    found = peer("nothing", tmp_path, lambda _text: None)
    assert isinstance(found, Absent)
    assert "ministack" in found.reason


def test_options_choose_effort_parts_and_peers(tmp_path: Path) -> None:
    given = options.parse(["--quick", "--only", "warm,cold", "--peers", "none", "--rounds", "5"], tmp_path)
    assert given.measures == (Measure.WARM, Measure.COLD)
    assert given.peers == ()
    assert given.effort.rounds == 5
    assert given.effort.seconds == QUICK.seconds


def test_without_options_everything_is_measured(tmp_path: Path) -> None:
    given = options.parse([], tmp_path)
    assert (given.measures, given.peers, given.effort) == (tuple(Measure), PEERS, FULL)


def test_an_unknown_part_ends_with_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        options.parse(["--only", "lukewarm"], tmp_path)
    assert ended.value.code == 2
    assert "lukewarm" in capsys.readouterr().err


def test_import_times_are_read_with_own_and_whole_time() -> None:
    output = "import time: self [us] | cumulative | imported package\nimport time:       120 |        450 |   json\n"
    assert hotspots.parse_importtime(output) == [hotspots.Imported("json", 120, 450)]
