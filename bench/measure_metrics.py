"""Reading and writing metrics: a day of minutes, with a simple statistic and with a percentile.

The minutes are put through the store's port before the server starts: only this checkout is measured.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import random
import statistics
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from bench import client, proc
from bench.opening import folder_for
from bench.plan import Run
from bench.reach import METRICS_DAY, PRODUCT
from bench.results import Key, Measure, p99
from bench.running import StartError
from bench.subject import Session
from lambdad.domain.metric import Datum, MetricKey, dimensions
from lambdad.domain.scope import DEFAULT_ACCOUNT, Scope
from lambdad.storage.data_dir import open_data_dir
from lambdad.storage.sqlite.metrics_sqlite import SqliteMetricStore

_KEY = MetricKey(Scope(DEFAULT_ACCOUNT, "us-east-1"), "AWS/Lambda", "Duration", dimensions(FunctionName="f"))
_DAY_MINUTES = 1_440
_VALUES_A_MINUTE = 100
_TARGET = "GraniteServiceVersion20100801"
_SCOPE = f"Credential={DEFAULT_ACCOUNT}/20260101/us-east-1/monitoring/aws4_request"


class _Clock:
    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)


def measure(run: Run) -> None:
    """Measure the product."""
    for subject in run.servers:
        if subject.name != PRODUCT:
            continue
        try:
            with folder_for(run, subject.name) as folder:
                asyncio.run(_fill(folder / "data"))
                run.say(f"metrics: {subject.name}")
                with subject.open((), folder) as session, closing(_dial(session)) as line:
                    _calls(run, session, line)
        except (StartError, client.CallError, OSError, http.client.HTTPException) as error:
            run.results.fail(Measure.METRICS, subject.name, "metrics", error)


async def _fill(folder: Path) -> None:
    """A day that ends now: a hundred durations in each minute."""
    chance = random.Random(1)
    now_ms = int(time.time() * 1000)
    with open_data_dir(folder) as data_dir:
        store = SqliteMetricStore(data_dir.metrics, _Clock())
        try:
            for minute in range(_DAY_MINUTES):
                values = [chance.lognormvariate(3, 1) for _ in range(_VALUES_A_MINUTE)]
                store.put([Datum(_KEY, now_ms - minute * 60_000, values, unit="Milliseconds")])
            await store.flush()
        finally:
            store.close()


def _dial(session: Session) -> http.client.HTTPConnection:
    return client.dial(session.target("none").port)


def _calls(run: Run, session: Session, line: http.client.HTTPConnection) -> None:
    now_s = time.time()
    for statistic in ("Average", "p99"):
        _take(run, session, line, f"{METRICS_DAY}, {statistic}", "GetMetricData", _asked(statistic, now_s))
    data = [{"MetricName": "m", "Values": [float(n) for n in range(20)], "Unit": "Count"}] * 20
    _take(run, session, line, "20 metrics put", "PutMetricData", {"Namespace": "bench", "MetricData": data})


def _asked(statistic: str, now_s: float) -> Mapping[str, object]:
    named = [{"Name": name, "Value": value} for name, value in _KEY.dimensions]
    metric = {"Namespace": _KEY.namespace, "MetricName": _KEY.name, "Dimensions": named}
    query = {"Id": "q", "MetricStat": {"Metric": metric, "Period": 60, "Stat": statistic}}
    return {"MetricDataQueries": [query], "StartTime": now_s - 86_400, "EndTime": now_s}


def _take(
    run: Run,
    session: Session,
    line: http.client.HTTPConnection,
    what: str,
    operation: str,
    asked: Mapping[str, object],
) -> None:
    spent = proc.cpu_ns(session.pid)
    seconds = [_call(line, operation, asked) for _ in range(run.effort.control_calls)]
    spent = proc.cpu_ns(session.pid) - spent
    figures = {
        "p50_ms": statistics.median(seconds) * 1e3,
        "p99_ms": p99(seconds) * 1e3,
        "server_cpu_ms": spent / len(seconds) / 1e6,
    }
    for metric, value in figures.items():
        run.results.add(Key(Measure.METRICS, PRODUCT, metric, what), value)


def _call(line: http.client.HTTPConnection, operation: str, asked: Mapping[str, object]) -> float:
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"{_TARGET}.{operation}",
        "Authorization": f"AWS4-HMAC-SHA256 {_SCOPE}, SignedHeaders=host, Signature=0",
    }
    body = json.dumps(asked).encode()
    begin = time.perf_counter()
    line.request("POST", "/", body, headers)
    response = line.getresponse()
    content = response.read()
    seconds = time.perf_counter() - begin
    if response.status != http.client.OK:
        raise client.CallError(f"{operation}: {response.status} {content[:300]!r}")
    return seconds
