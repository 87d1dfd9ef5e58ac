"""The load generator: wrk with a POST script, and its answer as a value.

One thread of wrk is used so that it takes at most one processor. Every call reports errors: a rate
made of failures is no rate.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# wrk's own done() hook gives exact figures (µs) where its text output rounds them.
_SCRIPT = """
wrk.method = "POST"
wrk.body = {body}
{headers}
{inside}
local threads = {{}}
function setup(thread) table.insert(threads, thread) end
function done(summary, latency, requests)
  local e = summary.errors
  local function put(name, value) io.write(string.format(',"%s":%d', name, value)) end
  io.write('LAMBDAD {{"mean_us":', string.format("%f", latency.mean))
  put("requests", summary.requests)
  put("duration_us", summary.duration)
  put("p50_us", latency:percentile(50))
  put("p90_us", latency:percentile(90))
  put("p99_us", latency:percentile(99))
  put("max_us", latency.max)
  local inside = 0
  for _, thread in ipairs(threads) do inside = inside + (thread:get("bad") or 0) end
  put("failed", e.connect + e.read + e.write + e.status + e.timeout + inside)
  io.write('}}\\n')
end
"""
# A function's error comes with status 200; looking for it costs wrk time, so only where that is no matter.
_INSIDE = """
bad = 0
function response(status, headers, body)
  local said = body:find('"errorType"', 1, true) or headers["X-Amz-Function-Error"]
  if status < 400 and said then bad = bad + 1 end
end
"""
_TOLERATED = 0.01
_PLAIN = re.compile(r"[A-Za-z0-9 _./:,{}\[\]=+*@;-]")
_ANSWER = re.compile(r"^LAMBDAD (\{.*\})$", re.MULTILINE)


class LoadError(Exception):
    """wrk could not run or said nothing that can be read."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of wrk saw; latencies in µs, the rate in requests per second."""

    connections: int
    seconds: float
    requests: int
    failed: int
    rate: float
    p50_us: float
    p90_us: float
    p99_us: float
    mean_us: float
    max_us: float


def find_wrk() -> str | None:
    """Give the path of wrk, or None when it is not installed."""
    return shutil.which("wrk")


def lua_script(body: bytes, headers: Mapping[str, str], *, look_inside: bool = False) -> str:
    """Give the wrk script that posts `body` with `headers` and reports exact figures.

    `look_inside` counts function errors among the successes too.
    """
    lines = "\n".join(f"wrk.headers[{_lua(name)}] = {_lua(value)}" for name, value in headers.items())
    return _SCRIPT.format(
        body=_lua(body.decode("latin-1")), headers=lines, inside=_INSIDE if look_inside else ""
    )


def _lua(text: str) -> str:
    """Quote text for Lua: every byte that is not a plain character becomes a decimal escape."""
    plain = "".join(c if _PLAIN.match(c) else f"\\{ord(c):03d}" for c in text)
    return f'"{plain}"'


def parse(output: str, connections: int) -> Load:
    """Read the line our script prints.

    Raises:
        LoadError: when the line is missing.
    """
    found = _ANSWER.search(output)
    if found is None:
        raise LoadError(f"wrk said nothing readable: {output.strip()[-300:]}")
    seen = json.loads(found.group(1))
    seconds = seen["duration_us"] / 1e6
    return Load(
        connections=connections,
        seconds=seconds,
        requests=seen["requests"],
        failed=seen["failed"],
        rate=seen["requests"] / seconds if seconds else 0.0,
        p50_us=seen["p50_us"],
        p90_us=seen["p90_us"],
        p99_us=seen["p99_us"],
        mean_us=seen["mean_us"],
        max_us=seen["max_us"],
    )


def run(
    url: str,
    *,
    connections: int,
    seconds: float,
    body: bytes = b"{}",
    headers: Mapping[str, str] | None = None,
    look_inside: bool = False,
) -> Load:
    """Put load on `url` for about `seconds` and give what was seen.

    Raises:
        LoadError: when wrk is missing or fails, or more than one request in a hundred failed.
    """
    wrk = find_wrk()
    if wrk is None:
        raise LoadError("wrk is not installed (apt-get install wrk)")
    with tempfile.TemporaryDirectory(prefix="lambdad-bench-wrk-") as folder:
        script = Path(folder, "post.lua")
        script.write_text(lua_script(body, headers or {}, look_inside=look_inside), encoding="ascii")
        command = [wrk, "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "30s"]
        done = subprocess.run(
            [*command, "-s", str(script), url],
            capture_output=True,
            text=True,
            timeout=seconds + 60,
            check=False,
        )
    if done.returncode != 0:
        raise LoadError(f"wrk ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}")
    load = parse(done.stdout, connections)
    if load.requests == 0 or load.failed > load.requests * _TOLERATED:
        raise LoadError(f"{load.failed} failures beside {load.requests} answers")
    return load
