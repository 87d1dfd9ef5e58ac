"""`make soak`: seven parts, any of which fails the whole.

Tests: those that `make test` leaves to this, as they are one more of a kind or take minutes; and those of hypothesis,
with more examples than there. 0 leaves this part out.

Environments: thousands are made, used and destroyed while faults are injected, in several lives of a server
that is killed in between; fails when anything is left behind, anything grew, a call ended as it may not, or a
record is missing in the log (tests/soak says how each is counted). 0 environments leaves this part out.

Events: a server is killed over and over amid asynchronous invocation; fails unless the ledger shows exactly one end of
each event that was accepted (tests/soak/event_ledger.py says what is counted). 0 kills leaves this part out.

Queues: a server that polls queues is killed over and over, and so are its functions; fails when a message is lost, or
handled out of the order of its group (tests/soak/queue_ledger.py). 0 kills leaves this part out.

Streams: the same with a server that polls streams, whose shards are split and merged meanwhile; fails when a record is
lost, seen out of the order of its key, or twice though nothing was killed (tests/soak/stream_ledger.py). 0 kills leaves
this part out.

Kafka: the same with a server that polls the tests' broker of Kafka, while another member comes into the group and goes
(tests/soak/kafka_ledger.py). 0 kills leaves this part out.

Invokes: warm ones for a long time; fails when one fails, or when the server's resident memory at the end exceeds
that after the first tenth by more than a fifth and 10 MiB. 0 minutes leaves this part out.
"""

from __future__ import annotations

import argparse
import http.client
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from local_server import free_port, run, running, status

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
LAMBDAD = ROOT / ".venv" / "bin" / "lambdad"
FUNCTION = "hello-python"
SAY_EVERY_S = 20.0


class Ledger(Protocol):
    """What came of many kills."""

    @property
    def problems(self) -> list[str]:
        """Empty when all is well."""
        ...

    def lines(self) -> list[str]:
        """For people."""
        ...


def main() -> int:
    """Run what is asked for; 0 when nothing is left, nothing grew and nothing failed."""
    given = _asked().parse_args()
    status = _tests() if given.tests else 0
    status |= _environments(given.environments, given.seed) if given.environments else 0
    status |= _events(given.event_kills, given.seed) if given.event_kills else 0
    status |= _queues(given.queue_kills, given.seed) if given.queue_kills else 0
    status |= _streams(given.stream_kills, given.seed) if given.stream_kills else 0
    status |= _kafka(given.kafka_kills, given.seed) if given.kafka_kills else 0
    return status | (_invokes(given.minutes, given.connections) if given.minutes else 0)


def _asked() -> argparse.ArgumentParser:
    asked = argparse.ArgumentParser(
        prog="make soak", formatter_class=argparse.ArgumentDefaultsHelpFormatter, epilog="0 leaves a part out"
    )
    asked.add_argument("--tests", type=int, default=1, choices=(0, 1), help="those that `make test` leaves to this")
    asked.add_argument("--environments", type=int, default=10_000, help="made, used and destroyed amid faults")
    asked.add_argument("--event-kills", type=int, default=1_000, metavar="N", help="kill -9 amid queued events")
    asked.add_argument("--queue-kills", type=int, default=200, metavar="N", help="kill -9 amid polled messages")
    asked.add_argument("--stream-kills", type=int, default=200, metavar="N", help="kill -9 amid polled records")
    asked.add_argument("--kafka-kills", type=int, default=200, metavar="N", help="kill -9 amid records of Kafka")
    asked.add_argument("--minutes", type=float, default=10, help="of warm invokes")
    asked.add_argument("--connections", type=int, default=8, help="of warm invokes")
    asked.add_argument("--seed", type=int, default=1, help="of the choices; timing is every run's own")
    return asked


def _tests() -> int:
    done = subprocess.run([sys.executable, str(ROOT / "scripts" / "test.py"), "--full=only"], check=False)
    return 1 if done.returncode else 0


def _environments(count: int, seed: int) -> int:
    from tests.soak.campaign import Campaign, Plan

    with tempfile.TemporaryDirectory(prefix="lambdad-soak-") as scratch:
        # Functions run as other users: the way to the code must be open to them.
        Path(scratch).chmod(0o755)
        report = Campaign(Path(scratch, "data"), Plan.of(count, seed), _progress()).run()
    print("\n".join(report.lines()))
    return 1 if report.problems else 0


def _events(kills: int, seed: int) -> int:
    from tests.soak.event_ledger import run as keep_ledger

    return _kept(lambda folder: keep_ledger(folder / "data", kills, seed, _progress()))


def _queues(kills: int, seed: int) -> int:
    from tests.soak.queue_ledger import run as keep_ledger

    return _kept(lambda folder: keep_ledger(folder, kills, seed, _progress()))


def _streams(kills: int, seed: int) -> int:
    from tests.soak.stream_ledger import run as keep_ledger

    return _kept(lambda folder: keep_ledger(folder, kills, seed, _progress()))


def _kafka(kills: int, seed: int) -> int:
    from tests.soak.kafka_ledger import run as keep_ledger

    return _kept(lambda folder: keep_ledger(folder, kills, seed, _progress()))


def _kept(keep: Callable[[Path], Ledger]) -> int:
    with tempfile.TemporaryDirectory(prefix="lambdad-soak-") as scratch:
        Path(scratch).chmod(0o755)
        ledger = keep(Path(scratch))
    print("\n".join(ledger.lines()))
    return 1 if ledger.problems else 0


def _progress() -> Callable[[str], None]:
    """On a terminal one line that changes, elsewhere a line now and then; both on stderr."""
    said_at = 0.0

    def say(text: str) -> None:
        nonlocal said_at
        if sys.stderr.isatty():
            print(f"\r{text}\x1b[K", end="", file=sys.stderr, flush=True)
        elif time.monotonic() > said_at + SAY_EVERY_S:
            said_at = time.monotonic()
            print(f"soak: {text}", file=sys.stderr, flush=True)

    return say


def _invokes(minutes: float, connections: int) -> int:
    with tempfile.TemporaryDirectory(prefix="lambdad-soak-") as scratch:
        with running(LAMBDAD, free_port(4700), scratch) as endpoint:
            run(LAMBDAD, endpoint, "deploy", str(ROOT / "samples" / FUNCTION))
            return _soak(endpoint, minutes * 60, connections)


def _soak(endpoint: str, seconds: float, connections: int) -> int:
    end = time.monotonic() + seconds
    done: list[int] = [0] * connections
    failed: list[str] = []
    threads = [
        threading.Thread(target=_invoke_until, args=(endpoint, end, done, index, failed))
        for index in range(connections)
    ]
    for thread in threads:
        thread.start()
    time.sleep(seconds / 10)
    early = _resident_kib(endpoint)
    for thread in threads:
        thread.join()
    late = _resident_kib(endpoint)
    grown = late > early * 1.2 + 10 * 1024
    report = {"invocations": sum(done), "failed": len(failed), "resident_kib": [early, late], "grown": grown}
    print(json.dumps(report))
    for line in failed[:5]:
        print(line, file=sys.stderr)
    return 1 if failed or grown else 0


def _invoke_until(endpoint: str, end: float, done: list[int], index: int, failed: list[str]) -> None:
    connection = http.client.HTTPConnection(endpoint.removeprefix("http://"), timeout=60)
    while time.monotonic() < end:
        connection.request("POST", f"/2015-03-31/functions/{FUNCTION}/invocations", b'{"name": "soak"}')
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200 or answer.getheader("x-amz-function-error"):
            failed.append(f"{answer.status} {body[:200]!r}")
        done[index] += 1
    connection.close()


def _resident_kib(endpoint: str) -> int:
    lines = Path(f"/proc/{status(endpoint)['pid']}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


if __name__ == "__main__":
    sys.exit(main())
