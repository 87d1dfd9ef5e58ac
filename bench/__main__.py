"""`python -m bench` (`make bench`): measures lambdad, its peers and the floor, and writes the report.

Exit status: 0 when the run came to its end, whatever the figures; 1 when nothing could be measured.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.status import Status
from rich.table import Table

from bench import install, machine, options, report
from bench.functions import Workshop
from bench.measures import measure_all
from bench.plan import Run
from bench.reach import PRODUCT, Check, Verdict, checks
from bench.results import Results
from bench.subject import Subject
from bench.subject_api import lambdad
from bench.subject_floor import Floor

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "bench"
_FILE_WIDTH = 150


def program_of(checkout: Path) -> tuple[list[str], dict[str, str]]:
    """Give the command of a checkout of lambdad and the environment it needs."""
    own = checkout / ".venv" / "bin" / "lambdad"
    raised = _without_rate(checkout)
    if own.exists():
        return [str(own)], raised
    run_main = "import sys; from lambdad.cli.entry import main; sys.exit(main())"
    return [sys.executable, "-c", run_main], {"PYTHONPATH": str(checkout / "src"), **raised}


def _without_rate(checkout: Path) -> dict[str, str]:
    """What keeps AWS's quota of 10,000 calls a second out of the figures; nothing where it is not known."""
    settings = checkout / "src" / "lambdad" / "settings" / "model.py"
    known = settings.exists() and "account_concurrency" in settings.read_text(encoding="utf-8")
    return {"LAMBDAD_ACCOUNT_CONCURRENCY": "100000"} if known else {}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench and give the exit status."""
    # An ended bench must end its servers: SIGTERM becomes an ordinary way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    given = options.parse(sys.argv[1:] if arguments is None else arguments, ROOT)
    # Written to a file or a pipe, the tables keep their whole width.
    console = Console(width=None if sys.stdout.isatty() else _FILE_WIDTH)
    results = Results()
    # The conditions are those before our own load.
    conditions = machine.describe()
    before = machine.commit(ROOT)
    with console.status("starting") as status:
        say = _progress(console, status)
        try:
            install.ensure_wrk(say)
        except install.InstallError as error:
            console.print(f"[red]{error}")
            return 1
        products = _products(given)
        peers = _peers(given, results, say)
        servers = [subject for subject, _, _ in products] + peers
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="lambdad-bench-") as scratch:
            # Sandboxes and functions run as other users: the way to the code must be open to them.
            Path(scratch).chmod(0o755)
            run = Run(
                effort=given.effort,
                measures=given.measures,
                floors=(Floor("asyncio"), Floor("uvloop")),
                echo_floor=Floor("uvloop", echo=True),
                servers=servers,
                programs={subject.name: program for subject, program, _ in products},
                environments={subject.name: environment for subject, _, environment in products},
                workshop=Workshop(Path(scratch, "code"), machine.python_runtime(), machine.node_runtime()),
                scratch=Path(scratch),
                packages=CACHE / "packages",
                results=results,
                say=say,
            )
            measure_all(run)
    return _finish(console, given, results, run, conditions, before)


def _progress(console: Console, status: Status) -> Callable[[str], None]:
    def say(text: str) -> None:
        status.update(text)
        if not console.is_terminal:
            console.print(f"{dt.datetime.now().astimezone():%H:%M:%S} {text}", highlight=False)

    return say


def _products(given: options.Options) -> list[tuple[Subject, list[str], dict[str, str]]]:
    checkouts = [(PRODUCT, ROOT)] if given.product else []
    if given.against is not None:
        checkouts.append(("against", given.against))
    made: list[tuple[Subject, list[str], dict[str, str]]] = []
    for name, checkout in checkouts:
        program, environment = program_of(checkout)
        made.append((lambdad(name, program, environment), program, environment))
    return made


def _peers(given: options.Options, results: Results, say: install.Say) -> list[Subject]:
    peers: list[Subject] = []
    for name in given.peers:
        found = install.peer(name, CACHE, say)
        if isinstance(found, install.Absent):
            results.fail("all", name, "install", found.reason)
        else:
            peers.append(found)
    return peers


def _finish(
    console: Console,
    given: options.Options,
    results: Results,
    run: Run,
    conditions: dict[str, str],
    before: str,
) -> int:
    peers = [subject.name for subject in run.servers if subject.name not in run.programs]
    subjects = [*run.floors, *run.servers]
    versions = machine.tool_versions() | {name: install.VERSIONS[name] for name in sorted(install.VERSIONS)}
    after = machine.commit(ROOT)
    # A checkout that changes under the run has no one version: the report says so.
    versions[PRODUCT] = before if before == after else f"{before} when it began, {after} when it ended"
    if given.against is not None:
        versions["against"] = machine.commit(given.against)
    page = report.Page(
        date=f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%SZ}",
        command=given.command,
        machine=conditions,
        versions=versions,
        subjects=[subject.name for subject in subjects],
        notes={subject.name: subject.note for subject in subjects},
        effort=dataclasses.asdict(given.effort),
    )
    verdicts = checks(results, peers)
    written = report.write(given.output, page, results, verdicts)
    _print(console, page, results, verdicts)
    console.print(f"written: {written[0]} and {written[1]}", highlight=False)
    return 0 if results.values else 1


def _print(console: Console, page: report.Page, results: Results, verdicts: Sequence[Check]) -> None:
    warm = Table("function", *report.WARM_HEAD[1:], title="warm invokes (medians)")
    for row in report.warm_rows(page, results):
        warm.add_row(*row)
    if warm.row_count:
        console.print(warm)
    table = Table("figure", "seen", "to reach", "verdict", "against", title="figures to reach")
    colours = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.UNKNOWN: "yellow"}
    for check in verdicts:
        what, seen, limit, _, context = report.reach_row(check)
        table.add_row(what, seen, limit, f"[{colours[check.verdict]}]{check.verdict}", context)
    console.print(table)
    for failure in results.failures:
        console.print(
            f"not measured: {failure.measure}, {failure.subject}, {failure.what}: {failure.reason}",
            markup=False,
            highlight=False,
        )


if __name__ == "__main__":
    sys.exit(main())
