"""Sets real servers up from their registries and runs lambdad against each: `make test-real`.

ElasticMQ, Kafka, dynalite, kinesis-mock, versitygw and the companion, in pinned versions, under `.cache/real`;
nothing is fetched twice. Prints what ran on which server. A server that cannot be set up is a failure, with the reason.
Arguments are names of servers; without one all run but those whose licence asks something of who runs them
(DynamoDB Local), which are named for themselves.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".cache" / "real"
PINS = ROOT / "requirements" / "real"
COMPANION_PINS = ROOT / "src" / "lambdad" / "neighbours" / "companion" / "requirements.txt"
SET_UP_WITHIN_S = 1_200
"""versitygw is compiled: two minutes of two processors."""
TEST_TIMEOUT_S = 120
REASON_LINES = 4
MAVEN_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies"
NPM = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
VERSITYGW = "v1.8.0"


@dataclass(frozen=True)
class Real:
    """A server.

    Attributes:
        stands_for: what of AWS.
        pins: files whose change sets it up again.
        needs: programs, and the Debian packages they come from.
        commands: set it up in its folder, in order.
        licence: what its terms ask of who runs it, so that it is fetched only when it is named; else empty.
    """

    name: str
    version: str
    registry: str
    stands_for: str
    commands: Sequence[Sequence[str]]
    pins: Sequence[Path] = ()
    needs: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    licence: str = ""

    @property
    def folder(self) -> Path:
        """Where it is."""
        return CACHE / self.name

    @property
    def suite(self) -> Path:
        """What runs on it."""
        return ROOT / "tests" / "real" / f"real_{self.name.replace('-', '_')}.py"


@dataclass(frozen=True)
class Result:
    """What became of one; with a reason it was not tried."""

    passed: int = 0
    failed: int = 0
    seconds: float = 0.0
    reason: str = ""


def servers() -> list[Real]:
    """All of them, with the versions that are pinned."""
    elasticmq, dynalite = PINS / "elasticmq" / "pom.xml", PINS / "dynalite"
    kinesis, tables = PINS / "kinesis-mock", PINS / "dynamodb-local" / "pom.xml"
    node = [dynalite / "package.json", dynalite / "package-lock.json"]
    stream_node = [kinesis / "package.json", kinesis / "package-lock.json"]
    with_npm = {"node": "nodejs", "npm": "npm"}
    kafka = PINS / "kafka" / "pom.xml"
    java = {"java": "default-jre-headless", "mvn": "maven"}
    return [
        Real(
            "elasticmq",
            _between(elasticmq.read_text(), "<artifactId>elasticmq-server_2.13</artifactId>\n      <version>", "<"),
            "Maven Central",
            "SQS",
            [_jars(elasticmq)],
            [elasticmq],
            java,
        ),
        Real(
            "kafka",
            _between(kafka.read_text(), "<artifactId>kafka_2.13</artifactId>\n      <version>", "<"),
            "Maven Central",
            "MSK",
            [_jars(kafka)],
            [kafka],
            {**java, "openssl": "openssl"},
        ),
        Real(
            "versitygw",
            VERSITYGW,
            "Go module proxy",
            "S3",
            [["go", "install", f"github.com/versity/versitygw/cmd/versitygw@{VERSITYGW}"]],
            (),
            {"go": "golang-go"},
            {"GOBIN": str(CACHE / "versitygw"), "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"},
        ),
        Real(
            "dynalite",
            _between(node[0].read_text(), '"dynalite": "', '"'),
            "npm",
            "DynamoDB",
            [NPM],
            node,
            with_npm,
        ),
        Real(
            "kinesis-mock",
            _between(stream_node[0].read_text(), '"kinesis-local": "', '"'),
            "npm",
            "Kinesis",
            [NPM],
            stream_node,
            with_npm,
        ),
        Real(
            "dynamodb-local",
            _between(tables.read_text(), "<artifactId>DynamoDBLocal</artifactId>\n      <version>", "<"),
            "Maven Central",
            "DynamoDB, its streams",
            [_jars(tables)],
            [tables],
            java,
            licence="only for those with an AWS account, for use in connection with AWS: LICENSE.txt in its jar",
        ),
        Real(
            "companion",
            "ministack " + _between(COMPANION_PINS.read_text(), "\nministack==", " "),
            "PyPI",
            "SQS, SNS, streams",
            [
                [
                    *(str(ROOT / ".venv" / "bin" / "lambdad"), "neighbours", "install"),
                    *("--companion-dir", str(ROOT / ".cache")),
                ]
            ],
            [COMPANION_PINS],
        ),
    ]


def main(names: list[str]) -> int:
    """Set up, run, print; 0 when all that was asked for ran and passed."""
    known = servers()
    wanted = chosen(known, names)
    unknown = set(names) - {one.name for one in known}
    if unknown:
        print(f"test-real: there is no {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    results = {one.name: _run(one) for one in wanted}
    print(table(wanted, results))
    passed = sum(one.passed for one in results.values())
    failed = sum(one.failed + bool(one.reason) for one in results.values())
    print(f"{passed} passed, {failed} failed")
    for one in known if not names else ():
        if one.licence:
            print(f"{one.name} runs when it is named (ARGS={one.name}); its licence: {one.licence}")
    return int(failed > 0 or not passed)


def chosen(known: Sequence[Real], names: Sequence[str]) -> list[Real]:
    """Those that are named; without names all that ask nothing of who runs them."""
    return [one for one in known if (one.name in names if names else not one.licence)]


def table(wanted: Sequence[Real], results: Mapping[str, Result]) -> str:
    """What ran where, one server a line."""
    lines = [("server", "version", "from", "stands for", "passed", "failed", "seconds")]
    for one in wanted:
        result = results[one.name]
        figures = (str(result.passed), str(result.failed), f"{result.seconds:.0f}")
        told = ("not run:", result.reason, "") if result.reason else figures
        lines.append((one.name, one.version, one.registry, one.stands_for, *told))
    widths = [max(len(line[column]) for line in lines) for column in range(6)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, [*widths, 0], strict=True)).rstrip() for line in lines
    )


def _jars(pom: Path) -> list[str]:
    """Fetch what a pom names and needs."""
    folder = CACHE / pom.parent.name / "lib"
    scope = ("-DincludeScope=runtime", f"-DoutputDirectory={folder}")
    return ["mvn", "-B", "-q", "-f", str(pom), MAVEN_DEPENDENCIES, *scope]


def _between(text: str, start: str, end: str) -> str:
    return text.partition(start)[2].partition(end)[0]


def _run(real: Real) -> Result:
    reason = set_up(real)
    if reason is not None:
        print(f"test-real: {real.name} cannot be set up: {reason}", file=sys.stderr)
        return Result(reason=reason)
    print(f"test-real: {real.stands_for} on {real.name} {real.version}", flush=True)
    report = real.folder / "results.xml"
    report.unlink(missing_ok=True)
    began = time.monotonic()
    subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-o", "python_files=real_*.py"),
            *(f"--timeout={TEST_TIMEOUT_S}", f"--junitxml={report}", str(real.suite)),
        ],
        cwd=ROOT,
        check=False,
    )
    seconds = time.monotonic() - began
    if not report.exists():
        return Result(reason="the tests did not run", seconds=seconds)
    return counted(report.read_text(), seconds)


def counted(report: str, seconds: float) -> Result:
    """The result in a report of pytest's; what was skipped has not passed."""
    suites = ET.fromstring(report).iter("testsuite")  # noqa: S314 - pytest wrote it
    total = bad = 0
    for suite in suites:
        total += int(suite.get("tests", 0))
        bad += sum(int(suite.get(name, 0)) for name in ("failures", "errors", "skipped"))
    return Result(total - bad, bad, seconds, "" if total else "no test was collected")


def set_up(real: Real) -> str | None:
    """Fetch it, unless it is there; the reason when that fails."""
    mark, stamp = real.folder / "installed", _stamp(real)
    missing = {program: package for program, package in real.needs.items() if shutil.which(program) is None}
    if missing and not _installed(sorted(set(missing.values()))):
        return f"{', '.join(missing)} is missing: apt-get install {' '.join(sorted(set(missing.values())))}"
    if mark.exists() and mark.read_text() == stamp:
        return None
    print(f"test-real: fetching {real.name} {real.version} from {real.registry}", flush=True)
    shutil.rmtree(real.folder, ignore_errors=True)
    real.folder.mkdir(parents=True)
    for pin in real.pins:
        shutil.copy2(pin, real.folder)
    for command in real.commands:
        reason = _failed(command, real)
        if reason is not None:
            return reason
    mark.write_text(stamp)
    return None


def _stamp(real: Real) -> str:
    pinned = hashlib.sha256(real.version.encode())
    for pin in real.pins:
        pinned.update(pin.read_bytes())
    return pinned.hexdigest()


def _failed(command: Sequence[str], real: Real) -> str | None:
    try:
        done = subprocess.run(
            command,
            cwd=real.folder,
            env={**os.environ, **real.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=SET_UP_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{command[0]} did not end within {SET_UP_WITHIN_S} s"
    if done.returncode == 0:
        return None
    said = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    return f"{command[0]} ended with {done.returncode}: {' | '.join(said[-REASON_LINES:])}"


def _installed(packages: Sequence[str]) -> bool:
    """Whether Debian's packages could be installed."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    print(f"test-real: installing {' '.join(packages)}", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    return all(
        subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL, check=False).returncode == 0
        for command in (["apt-get", "update", "-qq"], install)
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
