"""`make soak`: invokes for a long time and holds memory, descriptors and errors against their start.

Fails when an invocation fails, or when the server's resident memory at the end exceeds that after the
first tenth by more than a fifth and 10 MiB.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import tempfile
import threading
import time
from pathlib import Path

from local_server import free_port, run, running, status

ROOT = Path(__file__).parent.parent
LAMBDAD = ROOT / ".venv" / "bin" / "lambdad"
FUNCTION = "hello-python"


def main() -> int:
    """Serve, invoke from several connections, compare; 0 when nothing grew and nothing failed."""
    asked = argparse.ArgumentParser(prog="make soak")
    asked.add_argument("--minutes", type=float, default=10)
    asked.add_argument("--connections", type=int, default=8)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="lambdad-soak-") as scratch:
        with running(LAMBDAD, free_port(4700), scratch) as endpoint:
            run(LAMBDAD, endpoint, "deploy", str(ROOT / "samples" / FUNCTION))
            return _soak(endpoint, given.minutes * 60, given.connections)


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
