"""Records of a stream: how long one takes to its function, how many go a second, and what idle shards cost.

The stream is the tests' own Kinesis, in a process of its own: it answers at once, so that what is measured is
the poller. A shard is asked once a second while nothing is there, as on AWS; records are put at all moments
between.
"""

from __future__ import annotations

import base64
import http.client
import json
import statistics
import time
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bench import client, mappings, proc
from bench.functions import BuildError, Kind
from bench.opening import folder_for
from bench.plan import FULL_MEMORY_MIB, Run
from bench.reach import PRODUCT
from bench.results import Key, Measure, p99
from bench.running import StartError
from bench.subject import Target
from bench.subject_api import ApiServer
from tests.fakes.kinesis_server import ACCOUNT, REGION, kinesis_server, steer

NAME = "hearing"
ONE = "one at a time"
MANY = "one shard, batches of 100"
IDLE = "100 idle shards"
_SHARDS = 100
_BATCH = 100
_PAUSE_S = 0.1
_IDLE_BURSTS = 3  # lengths of a burst that idle shards are watched for
_AT_ONCE = 500  # records of one PutRecords
_WITHIN_S = 120.0
FAILURES = (StartError, client.CallError, OSError, http.client.HTTPException)
Put = Callable[[int, float], None]
"""Writes so many records; with a pause, in seconds, each by itself and one after the other."""


def measure(run: Run) -> None:
    """Measure the product."""
    try:
        spec = run.workshop.spec(Kind.PYTHON, "streams", FULL_MEMORY_MIB, handler="hearing").named(NAME)
    except BuildError as error:
        run.results.fail(Measure.STREAMS, PRODUCT, "function", error)
        return
    for subject in run.servers:
        if subject.name != PRODUCT or not isinstance(subject, ApiServer):
            continue
        with kinesis_server() as url, folder_for(run, subject.name) as folder:
            inner = subject.environment
            polling = replace(
                subject,
                environment=lambda port, place, url=url, inner=inner: {
                    **inner(port, place),
                    "LAMBDAD_SERVICES_KINESIS_ENDPOINT": url,
                },
            )
            try:
                with polling.open((spec,), folder) as session:
                    _measure(run, url, session.target(NAME))
            except FAILURES as error:
                run.results.fail(Measure.STREAMS, subject.name, "stream", error)


def _measure(run: Run, url: str, target: Target) -> None:
    def put(count: int, pause_s: float) -> None:
        if not pause_s:
            _fill(url, count)
            return
        for _ in range(count):
            _fill(url, 1)
            time.sleep(pause_s)

    rounds(run, Measure.STREAMS, MANY, target, _mapped(url, target.port, "bench", 1), put)
    _measure_idle(run, url, target)


def rounds(run: Run, of: Measure, many: str, target: Target, uuid: str, put: Put) -> None:
    """How many records a mapping has handled in a second when many wait, and how old one is that comes alone.

    Args:
        run: with its effort.
        of: what the figures are kept as.
        many: the row of those that wait.
        target: the function, which keeps how old records were.
        uuid: of the mapping, with one shard or partition.
        put: writes records.
    """
    effort = run.effort
    for number in range(effort.rounds + 1):
        put(effort.queued, 0.0)
        begin = time.perf_counter()
        if number:
            mappings.enable(target.port, uuid, enabled=True, wait=False)
        _handled(target.port, uuid, effort.queued)
        rate = effort.queued / (time.perf_counter() - begin)
        _ages_ms(target, effort.queued)
        if number:  # the environment is warm
            run.results.add(Key(of, PRODUCT, "records_per_s", many), rate)
            run.say(f"{of}: one record at a time")
            mappings.settled(target.port, uuid, "Enabled")
            put(effort.paced, _PAUSE_S)
            _handled(target.port, uuid, effort.queued + effort.paced)
            found = _ages_ms(target, effort.paced)
            run.results.add(Key(of, PRODUCT, "p50_ms", ONE), statistics.median(found))
            run.results.add(Key(of, PRODUCT, "p99_ms", ONE), p99(found))
        mappings.enable(target.port, uuid, enabled=False)
        run.say(f"{of}: many waiting")


def _measure_idle(run: Run, url: str, target: Target) -> None:
    _mapped(url, target.port, "idle", _SHARDS)
    time.sleep(run.effort.settle_s)
    idle_s = run.effort.seconds * _IDLE_BURSTS
    for _ in range(run.effort.rounds):
        run.say("streams: idle shards")
        steer(url, "/requests")
        begin_ns, begin = proc.cpu_ns(target.pid), time.perf_counter()
        time.sleep(idle_s)
        spent_s = (proc.cpu_ns(target.pid) - begin_ns) / 1e9
        reads = steer(url, "/requests").get("GetRecords", 0)
        if reads < 0.8 * _SHARDS * idle_s:
            raise client.CallError(f"100 shards were read only {reads} times in {idle_s:.0f} s")
        share = 100 * spent_s / (time.perf_counter() - begin)
        run.results.add(Key(Measure.STREAMS, PRODUCT, "percent_of_a_core", IDLE), share)


def _mapped(url: str, port: int, stream: str, shards: int) -> str:
    _ask(url, "CreateStream", StreamName=stream, ShardCount=shards)
    arn = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{stream}"
    return mappings.create(port, NAME, arn, StartingPosition="TRIM_HORIZON", BatchSize=_BATCH)


def _fill(url: str, count: int) -> None:
    for at in range(0, count, _AT_ONCE):
        records = [
            {
                "PartitionKey": str(number),
                "Data": base64.b64encode(f'{{"number": {number}}}'.encode()).decode(),
            }
            for number in range(at, min(at + _AT_ONCE, count))
        ]
        _ask(url, "PutRecords", StreamName="bench", Records=records)


def _handled(port: int, uuid: str, count: int) -> None:
    """Wait until calls with so many records have ended since polling began.

    Raises:
        CallError: they did not.
    """
    deadline = time.monotonic() + _WITHIN_S
    while (invoked := mappings.counts(port, uuid)["invoked"]) < count:
        if time.monotonic() > deadline:
            raise client.CallError(f"{invoked} records of {count} were handled")
        time.sleep(0.02)


def _ages_ms(target: Target, count: int) -> list[float]:
    """How old records were when their calls began, of all since this was asked last: the function tells it.

    It has one environment, since a shard has one call at a time, and nothing is under way.

    Raises:
        CallError: it heard of others than so many.
    """
    ages = json.loads(client.invoke(target.port, target.path, b"{}").body)
    if len(ages) != count:
        raise client.CallError(f"the function heard of {len(ages)} records instead of {count}")
    return [age * 1e3 for age in ages]


def _ask(url: str, operation: str, **members: Any) -> None:
    headers = {"x-amz-target": f"Kinesis_20131202.{operation}"}
    urllib.request.urlopen(
        urllib.request.Request(url, json.dumps(members).encode(), headers), timeout=60
    ).close()
