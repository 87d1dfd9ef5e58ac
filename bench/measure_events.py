"""Asynchronous invocation: how fast events are accepted, how fast they run, and what a large backlog costs.

An event is accepted when it is on disk, so the floor is a loop that commits one row at a time on the same
disk, taken in the same round. While accepting is measured the queue is paused: nothing runs beside it.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

from bench import client, cpu, proc, wrk
from bench.functions import BuildError, Kind, Spec
from bench.opening import folder_for
from bench.plan import FULL_MEMORY_MIB, Run
from bench.reach import PRODUCT
from bench.results import Key, Measure
from bench.running import StartError
from bench.subject import Session, Subject, Target
from lambdad.domain.event import Event, Lane
from lambdad.domain.scope import DEFAULT_ACCOUNT, Scope
from lambdad.storage.sqlite.events_sqlite import SqliteEvents

CONNECTIONS = (1, 256)
NAME = "queued"
_BODY = b'{"n": 1, "text": "' + b"x" * 100 + b'"}'
_HEADERS = {"Authorization": client.AUTHORIZATION, "X-Amz-Invocation-Type": "Event"}
_DRAINED_WITHIN_S = 120.0
_PAUSE_S = 0.25
_LOOK_S, _LAST_LOOK_S = 1.0, 0.02
_AT_ONCE = 1_000
_MB = 1e6
_FAILURES = (StartError, client.CallError, wrk.LoadError, OSError, http.client.HTTPException)


def measure(run: Run) -> None:
    """Measure the product: accepting and running on one server, a large backlog on another."""
    try:
        spec = run.workshop.spec(Kind.PYTHON, "events", FULL_MEMORY_MIB).named(NAME)
    except BuildError as error:
        run.results.fail(Measure.EVENTS, PRODUCT, "function", error)
        return
    for subject in run.servers:
        if subject.name != PRODUCT:
            continue
        for what, take in (("accept", _accepting), ("drain", _draining), ("backlog", _with_backlog)):
            try:
                take(run, subject, spec)
            except _FAILURES as error:
                run.results.fail(Measure.EVENTS, subject.name, what, error)


@contextmanager
def _opened(run: Run, subject: Subject, spec: Spec) -> Iterator[tuple[Session, Target, Path]]:
    with folder_for(run, subject.name) as folder, subject.open((spec,), folder) as session:
        target = session.target(NAME)
        client.invoke(target.port, target.path, _BODY)
        yield session, target, folder


def _accepting(run: Run, subject: Subject, spec: Spec) -> None:
    with _opened(run, subject, spec) as (session, target, folder):
        _steer(target.port, "pause")
        for _ in range(run.effort.rounds):
            floor = _commits_per_s(folder / "floor.db", run.effort.seconds)
            run.results.add(Key(Measure.EVENTS, "one row per commit", "rate_per_s", "commit"), floor)
            for connections in CONNECTIONS:
                run.say(f"events: accepting at {connections}")
                time.sleep(_PAUSE_S)
                seen = cpu.measure(
                    target.url,
                    session.pid,
                    connections=connections,
                    seconds=run.effort.seconds,
                    body=_BODY,
                    headers=_HEADERS,
                )
                _keep(run, "accept", connections, seen)


def _keep(run: Run, what: str, connections: int, seen: cpu.Loaded) -> None:
    figures = {
        "rate_per_s": seen.load.rate,
        "p50_us": seen.load.p50_us,
        "p99_us": seen.load.p99_us,
        "server_cpu_us": seen.server_us,
        "failed": float(seen.load.failed),
    }
    for metric, value in figures.items():
        run.results.add(Key(Measure.EVENTS, PRODUCT, metric, what, None, connections), value)


def _commits_per_s(path: Path, seconds: float) -> float:
    """How many rows a second a loop stores that commits each by itself, as durably as events are."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, body BLOB)")
        begin, count = time.perf_counter(), 0
        while (took := time.perf_counter() - begin) < seconds:
            connection.execute("INSERT INTO rows (body) VALUES (?)", (_BODY,))
            count += 1
    return count / took


def _draining(run: Run, subject: Subject, spec: Spec) -> None:
    """The rate of synchronous calls, and that of events that wait; the second over the first."""
    with _opened(run, subject, spec) as (_, target, _folder):
        headers = {"Authorization": client.AUTHORIZATION}
        for _ in range(run.effort.rounds):
            run.say("events: draining")
            wrk.run(target.url, connections=8, seconds=run.effort.warm_up_s, body=_BODY, headers=headers)
            sync = wrk.run(target.url, connections=8, seconds=run.effort.seconds, body=_BODY, headers=headers)
            time.sleep(_PAUSE_S)
            _steer(target.port, "pause")
            while _queued(target.port) < run.effort.queued:
                wrk.run(target.url, connections=64, seconds=1, body=_BODY, headers=_HEADERS)
            rate = _drained_per_s(target.port)
            for metric, value in (("rate_per_s", rate), ("share_of_sync", rate / sync.rate)):
                run.results.add(Key(Measure.EVENTS, PRODUCT, metric, "drain"), value)
            run.results.add(Key(Measure.EVENTS, PRODUCT, "rate_per_s", "synchronous"), sync.rate)


def _drained_per_s(port: int) -> float:
    """Events run a second, of those that wait; asked seldom, for the server counts them each time."""
    waiting = _queued(port)
    begin = time.perf_counter()
    _steer(port, "resume")
    while left := _queued(port):
        took = time.perf_counter() - begin
        if took > _DRAINED_WITHIN_S:
            raise client.CallError(f"{left} events still wait")
        time.sleep(min(_LOOK_S, max(_LAST_LOOK_S, took * left / max(1, waiting - left) / 2)))
    return waiting / (time.perf_counter() - begin)


def _with_backlog(run: Run, subject: Subject, spec: Spec) -> None:
    """Accepting beside nothing and beside many events, and what a start with them takes."""
    with folder_for(run, subject.name) as folder:
        with subject.open((spec,), folder) as session:
            _steer(session.target(NAME).port, "pause")
            empty = [_one_p50(run, session) for _ in range(run.effort.rounds)]
        run.say(f"events: queueing {run.effort.backlog}")
        asyncio.run(_fill(folder / "data" / "events.db", run.effort.backlog))
        run.say("events: with a backlog")
        with subject.open((), folder) as session:
            what = "with the backlog"
            run.results.add(Key(Measure.EVENTS, PRODUCT, "start_ms", what), session.ready_s * 1e3)
            full = [_one_p50(run, session) for _ in range(run.effort.rounds)]
            resident = proc.rss_bytes(session.pid) / _MB
            run.results.add(Key(Measure.EVENTS, PRODUCT, "resident_mb", what), resident)
            for before, beside in zip(empty, full, strict=True):
                run.results.add(Key(Measure.EVENTS, PRODUCT, "p50_us", what), beside)
                run.results.add(Key(Measure.EVENTS, PRODUCT, "p50_us", "with nothing queued"), before)
            ratio = statistics.median(full) / statistics.median(empty)
            run.results.add(Key(Measure.EVENTS, PRODUCT, "p50_ratio", what), ratio)


def _one_p50(run: Run, session: Session) -> float:
    """The median time to accept one event, in µs, one after the other."""
    target = session.target(NAME)
    load = wrk.run(target.url, connections=1, seconds=run.effort.seconds, body=_BODY, headers=_HEADERS)
    return float(load.p50_us)


async def _fill(path: Path, count: int) -> None:
    """Queue events through the store's port, while no server runs."""
    store, lane = SqliteEvents(path), Lane(Scope(DEFAULT_ACCOUNT, "us-east-1"), NAME)
    now_ms = int(time.time() * 1000)
    try:
        numbers = iter(range(count))
        while batch := list(islice(numbers, _AT_ONCE)):
            done = asyncio.get_running_loop().create_future()
            for number in batch:
                last = number == batch[-1]
                event = Event(
                    lane, f"00000000-0000-4000-8000-{number:012x}", _BODY, "Root=1-0-0", now_ms, now_ms
                )
                store.accept(event, done.set_result if last else _ignore)
            await done
    finally:
        store.close()


def _ignore(_: object) -> None:
    """The last of its batch is waited for."""


def _steer(port: int, what: str) -> None:
    """Pause the function's queue, or go on with it."""
    with closing(client.dial(port)) as line:
        body = json.dumps({"function": NAME}).encode()
        seen = client.call(line, "POST", f"/lambdad/v1/queue/{what}", body)
    if seen.status >= 300:
        raise client.CallError(f"queue/{what}: {seen.status} {seen.body[:300]!r}")


def _queued(port: int) -> int:
    with closing(client.dial(port)) as line:
        seen = client.call(line, "GET", "/lambdad/v1/queue")
    if seen.status != 200:
        raise client.CallError(f"queue: {seen.status} {seen.body[:300]!r}")
    return sum(int(queue["events"]) for queue in json.loads(seen.body)["queues"])
