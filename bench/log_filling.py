"""A log file as it is after many invocations, written through the store's own port while no server runs."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from lambdad.domain.limits import LOG_MERGE_CHUNKS
from lambdad.domain.platform_log import LogLine
from lambdad.domain.scope import DEFAULT_ACCOUNT, Scope
from lambdad.ports.log_store import StreamKey
from lambdad.storage.sqlite.logs_sqlite import SqliteLogStore

GROUP = "/aws/lambda/filled"
NEEDLE = "xyzzy42"
FREQUENT = "WARN"
_STREAMS = 20
_APART_MS = 150  # between two invocations
_BEHIND = 200  # invocations handed over before the loop turns
_SETTLED_WITHIN_S = 600.0
_LOOK_S = 0.5
_SHRINKING_S = 1.0  # in which free pages are given back
_MOST_SMALL = (
    "SELECT coalesce(max(small), 0) FROM"
    " (SELECT count(*) AS small FROM chunks WHERE merged = 0 GROUP BY stream_id)"
)


class _Clock:
    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


def fill(path: Path, lines: int) -> tuple[int, int]:
    """Write about so many lines of which one has the needle; how many lines and bytes of text they are."""
    return asyncio.run(_fill(path, lines))


async def _fill(path: Path, wanted: int) -> tuple[int, int]:
    store = SqliteLogStore(path, _Clock())
    chance = random.Random(7)  # the same text each time
    scope = Scope(DEFAULT_ACCOUNT, "us-east-1")
    at_ms = int(time.time() * 1000) - (wanted // 6 + 1) * _APART_MS
    lines = size = invocations = 0
    try:
        while lines < wanted:
            batch = list(_invocation(chance, at_ms))
            if lines <= wanted // 2 < lines + len(batch):
                batch.append(LogLine(at_ms, f"the one with {NEEDLE}\n"))
            store.write(StreamKey(scope, GROUP, f"stream-{invocations % _STREAMS:03d}"), batch)
            lines += len(batch)
            size += sum(len(line.message) for line in batch)
            at_ms += _APART_MS
            invocations += 1
            if invocations % _BEHIND == 0:
                await store.flush()
        await store.flush()
        await asyncio.to_thread(_settle, store, path)
    finally:
        store.close()
    return lines, size


def _settle(store: SqliteLogStore, path: Path) -> None:
    """Wait until the store has merged what it had to."""
    deadline = time.monotonic() + _SETTLED_WITHIN_S
    with closing(sqlite3.connect(path)) as connection:
        while time.monotonic() < deadline:
            (most,) = connection.execute(_MOST_SMALL).fetchone()
            if most < LOG_MERGE_CHUNKS:
                time.sleep(_SHRINKING_S)
                return
            store.tidy()
            time.sleep(_LOOK_S)


def _invocation(chance: random.Random, at_ms: int) -> Iterator[LogLine]:
    request_id = f"{chance.getrandbits(128):032x}"
    request_id = "-".join(
        (request_id[:8], request_id[8:12], request_id[12:16], request_id[16:20], request_id[20:])
    )
    yield LogLine(at_ms, f"START RequestId: {request_id} Version: $LATEST\n")
    clock = (
        f"2026-11-27T06:{chance.randrange(60):02d}:{chance.randrange(60):02d}.{chance.randrange(1000):03d}Z"
    )
    for number in range(chance.choice((1, 2, 2, 3, 5))):
        match chance.randrange(10):
            case 0 | 1 | 2 | 3 | 4:
                text = (
                    f"[INFO]\t{clock}\t{request_id}\tprocessing order {chance.randrange(10**6)} "
                    f"for customer {chance.randrange(10**5)} in {chance.random() * 100:.2f} ms\n"
                )
            case 5 | 6 | 7:
                text = (
                    f'{{"timestamp": "{clock}", "level": "{chance.choice(("INFO", "DEBUG", FREQUENT))}", '
                    f'"requestId": "{request_id}", '
                    f'"message": "{chance.choice(("cache miss", "stored item"))}", '
                    f'"latency": {chance.randrange(500)}, "path": "/items/{chance.randrange(10**5)}"}}\n'
                )
            case _:
                text = (
                    f"GET https://api.example.com/v1/users/{chance.randrange(10**6)} -> "
                    f"{chance.choice((200, 200, 404, 500))} ({chance.randrange(300)} ms)\n"
                )
        yield LogLine(at_ms + number, text)
    took = chance.random() * 200
    yield LogLine(at_ms + int(took), f"END RequestId: {request_id}\n")
    yield LogLine(
        at_ms + int(took),
        f"REPORT RequestId: {request_id}\tDuration: {took:.2f} ms\tBilled Duration: {int(took) + 1} ms\t"
        f"Memory Size: 128 MB\tMax Memory Used: {chance.randrange(36, 60)} MB\t\n",
    )
