"""The bench's machinery in its shortest form: that every figure is taken and written, not how large it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import cpu, install, machine, report, wrk
from bench.__main__ import ROOT, program_of
from bench.functions import Kind, Workshop
from bench.measure_signatures import COST, ENFORCE_COST, ENFORCED, NOBODYS, OURS, PERMISSIVE
from bench.measure_snapstart import PACKAGES
from bench.measures import measure_all
from bench.plan import FULL_MEMORY_MIB, SMALL_MEMORY_MIB, Effort, Run
from bench.reach import PRODUCT, Verdict, checks
from bench.results import Key, Measure, Results
from bench.running import StartError, free_port, started
from bench.subject import Subject
from bench.subject_api import lambdad
from bench.subject_floor import Floor

pytestmark = pytest.mark.timeout(700)
"""The first of them waits for every measure there is."""

TINY = Effort(
    rounds=1,
    seconds=1,
    warm_up_s=1,
    cold_samples=2,
    environments=2,
    starts=1,
    payloads=1,
    commands=1,
    paced=3,
    burst=4,
    density=3,
    sustained=3,
    catalogue=60,
    control_calls=5,
    queued=50,
    backlog=200,
    log_lines=3_000,
    kinds=(Kind.PYTHON,),
    connections=(1,),
    settle_s=0.2,
)
EVERY = tuple(Measure)
FEW = (Measure.START, Measure.WARM, Measure.MEMORY)
"""Those that are taken soonest: of processes, of load and of a single server."""
TITLES = {
    Measure.WARM: "Warm invokes",
    Measure.COLD: "Cold start",
    Measure.MEMORY: "Memory of",
    Measure.START: "Server start",
    Measure.PAYLOAD: "6 MB",
    Measure.PATHS: "Warm invokes with pauses",
    Measure.STREAM: "Streamed responses",
    Measure.BURST: "A burst of cold invokes",
    Measure.DENSITY: "Many idle environments",
    Measure.CLI: "Command",
    Measure.LOGS: "Logs",
}
"""How parts of the report begin."""
of_every_measure = pytest.mark.parametrize(
    "product_results", [pytest.param(EVERY, id="every", marks=pytest.mark.full)], indirect=True
)


@pytest.fixture(scope="module", autouse=True)
def load_generator() -> None:
    install.ensure_wrk(lambda _text: None)


@pytest.fixture(
    scope="module",
    params=[pytest.param(FEW, id="few"), pytest.param(EVERY, id="every", marks=pytest.mark.full)],
)
def product_results(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """What came of some measures, or of all."""
    scratch = tmp_path_factory.mktemp("bench")
    # Sandboxed functions are other users: pytest's folders are closed to them, the way down must be open.
    for folder in (scratch, *scratch.parents[:2]):
        folder.chmod(folder.stat().st_mode | 0o011)
    program, environment = program_of(ROOT)
    _put_stand_ins(scratch / "packages")
    results = Results()
    measure_all(
        Run(
            effort=TINY,
            measures=request.param,
            floors=(Floor("uvloop"),),
            echo_floor=Floor("uvloop", echo=True),
            servers=[lambdad(PRODUCT, program, environment)],
            programs={PRODUCT: program},
            environments={PRODUCT: environment},
            workshop=Workshop(scratch / "code", machine.python_runtime(), machine.node_runtime()),
            scratch=scratch,
            packages=scratch / "packages",
            results=results,
            say=lambda _text: None,
        )
    )
    return results


def _put_stand_ins(packages: Path) -> None:
    """What the function of SnapStart imports, without the hundred megabytes that make the figure worth taking."""
    for runtime in ("python3.12", "python3.13", "python3.14"):
        home = packages / "-".join([runtime, *PACKAGES])
        for name, source in {
            "numpy": "arange = range\n",
            "pandas": "class Series(list):\n    def sum(self):\n        return sum(self)\n",
        }.items():
            (home / name).mkdir(parents=True)
            (home / name / "__init__.py").write_text(source)


def measured(results: Results) -> set[Measure]:
    """Of what there are figures of the product; cold starts have a subject per path: "lambdad, pool"."""
    return {key.measure for key in results.values if key.subject.split(", ")[0] == PRODUCT}


def test_the_product_is_measured_in_parts_of_each_kind_without_a_failure(product_results: Results) -> None:
    assert product_results.failures == []
    assert measured(product_results) >= set(FEW)


@of_every_measure
def test_the_product_is_measured_in_every_part(product_results: Results) -> None:
    assert measured(product_results) == set(Measure)


@of_every_measure
def test_every_figure_to_reach_that_needs_no_peer_is_decided(product_results: Results) -> None:
    undecided = {
        check.what for check in checks(product_results, peers=()) if check.verdict is Verdict.UNKNOWN
    }
    # One connection and one floor were measured, and no peer.
    assert {what for what in undecided if "peer" not in what} == {
        "rate, Python, 8 connections",
        "server CPU per invoke",
        "warm p50 / floor-asyncio at 1",
        "rate / floor-asyncio at 8",
        "rate / floor-uvloop at 8",
        # Of functions that this run leaves out.
        "cold start, nodejs22.x, pool",
        "cold start, nodejs22.x, spawn",
        "cold start, c, pool",
    }


@pytest.mark.parametrize("size", [FULL_MEMORY_MIB, SMALL_MEMORY_MIB])
def test_the_product_is_measured_at_both_sizes(product_results: Results, size: int) -> None:
    for metric in ("p50_us", "p99_us", "rate_per_s", "server_cpu_us"):
        value = product_results.median(Key(Measure.WARM, PRODUCT, metric, Kind.PYTHON, size, 1))
        assert value is not None
        assert value > 0


def test_memory_of_an_environment_and_of_the_idle_server_are_told_apart(product_results: Results) -> None:
    environment = product_results.median(Key(Measure.MEMORY, PRODUCT, "idle_environment_pss_mb", Kind.PYTHON))
    server = product_results.median(Key(Measure.START, PRODUCT, "server_idle_rss_mb"))
    assert environment is not None
    assert server is not None
    assert environment > 0
    assert server > 5


@of_every_measure
def test_invokes_are_measured_in_both_modes_of_who_may_call(product_results: Results) -> None:
    keys = [key for key in product_results.values if key.measure is Measure.SIGNATURES]
    kinds = {key.function for key in keys if key.metric == "server_cpu_us"}
    assert kinds == {OURS, NOBODYS, PERMISSIVE, ENFORCED}
    assert {key.metric for key in keys if key.function is None} == {COST, ENFORCE_COST}


def test_the_report_has_every_figure_in_both_forms(product_results: Results, tmp_path: Path) -> None:
    page = report.Page("2026-01-01T00:00:00Z", "test", {"kernel": "k"}, {"wrk": "v"}, [PRODUCT], {}, {})
    json_file, markdown = report.write(tmp_path, page, product_results, checks(product_results, ()))
    data = json.loads(json_file.read_text())
    assert len(data["figures"]) == len(product_results.values)
    assert {entry["verdict"] for entry in data["reach"]} <= {verdict.value for verdict in Verdict}
    text = markdown.read_text()
    assert "## Figures to reach" in text
    for measure in measured(product_results) & TITLES.keys():
        assert f"## {TITLES[measure]}" in text


def test_the_floor_answers_the_load_generator_and_its_processor_time_is_seen() -> None:
    with cpu.floor_server("asyncio") as floor:
        seen = cpu.measure(floor.url, floor.pid, connections=1, seconds=1)
    assert seen.load.failed == 0
    assert seen.load.requests > 100
    assert seen.server_us > 0
    assert seen.load.p50_us <= seen.load.p99_us <= seen.load.max_us


def test_load_on_a_port_where_nothing_listens_is_an_error_in_words() -> None:
    with pytest.raises(wrk.LoadError, match="unable to connect"):
        wrk.run(f"http://127.0.0.1:{free_port()}/", connections=1, seconds=1)


def test_a_server_that_ends_at_once_is_reported_with_its_own_words(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo no licence; exit 3"]
    with (
        pytest.raises(StartError, match="ended with 3: no licence"),
        started(command, port=free_port(), log=tmp_path / "log"),
    ):
        pass


def test_a_subject_that_does_not_start_is_reported_and_the_others_are_measured(tmp_path: Path) -> None:
    absent: Subject = lambdad("broken", ["sh", "-c", "echo cannot >&2; exit 1"])
    results = Results()
    run = Run(
        effort=TINY,
        measures=(Measure.WARM,),
        floors=(Floor("uvloop"),),
        echo_floor=Floor("uvloop", echo=True),
        servers=[absent],
        programs={},
        environments={},
        workshop=Workshop(tmp_path / "code", machine.python_runtime(), machine.node_runtime()),
        scratch=tmp_path,
        packages=tmp_path / "packages",
        results=results,
        say=lambda _text: None,
    )
    measure_all(run)
    assert [(f.subject, f.what, "cannot" in f.reason) for f in results.failures] == [
        ("broken", "start", True)
    ]
    assert {key.subject for key in results.values} == {"floor-uvloop"}
