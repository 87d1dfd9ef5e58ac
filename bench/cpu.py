"""Server processor time per invoke under load, with the loopback floor beside it.

For a quick look while working on the warm path:
`python -m bench.cpu --url http://127.0.0.1:4566/2015-03-31/functions/NAME/invocations --pid PID`.
Only the process `--pid` is counted (all its threads); its descendants are shown beside it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import proc, wrk
from bench.running import Server, free_port, started


@dataclass(frozen=True, slots=True)
class Loaded:
    """One run of load with the processor time it cost, µs per request."""

    load: wrk.Load
    server_us: float
    descendants_us: float


def measure(
    url: str,
    pid: int,
    *,
    connections: int = 8,
    seconds: float = 5.0,
    body: bytes = b"{}",
    headers: Mapping[str, str] | None = None,
) -> Loaded:
    """Put load on `url` and divide the processor time of `pid` by the number of requests."""
    own, family = proc.cpu_ns(pid), proc.tree_cpu_ns(pid)
    load = wrk.run(url, connections=connections, seconds=seconds, body=body, headers=headers)
    own, family = proc.cpu_ns(pid) - own, proc.tree_cpu_ns(pid) - family
    return Loaded(load, own / load.requests / 1e3, max(0.0, (family - own) / load.requests / 1e3))


@contextmanager
def floor_server(loop: str = "uvloop", *, echo: bool = False) -> Iterator[Server]:
    """Run the floor server on a free port."""
    port = free_port()
    command = [sys.executable, "-m", "bench.floor", "--port", str(port), "--loop", loop]
    with tempfile.TemporaryDirectory(prefix="lambdad-bench-floor-") as folder:
        log = Path(folder, "floor.log")
        root = Path(__file__).resolve().parent.parent
        with started([*command, *(["--echo"] if echo else [])], port=port, log=log, cwd=root) as server:
            yield server


def _line(name: str, seen: Loaded) -> str:
    load = seen.load
    latency = f"p50 {load.p50_us:6.0f} µs  p99 {load.p99_us:6.0f} µs"
    cost = f"server {seen.server_us:6.1f} µs/invoke  descendants {seen.descendants_us:6.1f} µs/invoke"
    return f"{name:14} c={load.connections:<3} {load.rate:8.0f}/s  {latency}  {cost}  failed {load.failed}"


def main() -> None:
    """Measure the given server and the floors, and print one line each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", help="address to post to; without it only the floor is measured")
    parser.add_argument("--pid", type=int, help="process whose time is counted")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--body", default="{}")
    options = parser.parse_args()
    if options.url and not options.pid:
        parser.error("--url needs --pid")
    body = options.body.encode()
    with floor_server("asyncio") as plain, floor_server("uvloop") as fast:
        subjects = [("floor asyncio", plain.url, plain.pid), ("floor uvloop", fast.url, fast.pid)]
        if options.url:
            subjects.append(("server", options.url, options.pid))
        for _, url, _ in subjects:
            wrk.run(url, connections=options.connections, seconds=1, body=body)
        for _ in range(options.rounds):
            for name, url, pid in subjects:
                seen = measure(url, pid, connections=options.connections, seconds=options.seconds, body=body)
                sys.stdout.write(_line(name, seen) + "\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
