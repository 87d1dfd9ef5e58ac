"""A process that writes to the stores and says on stdout what has been acknowledged, until it is killed."""

from __future__ import annotations

import asyncio
import os
import sys
import time

from catalogue_contract import version
from layer_contract import layer_version

from lambdad.domain.metric import Datum, MetricKey
from lambdad.domain.scope import Scope
from lambdad.ports.log_store import LogLine, StreamKey
from lambdad.storage.sqlite.catalogue_sqlite import SqliteCatalogue
from lambdad.storage.sqlite.logs_sqlite import SqliteLogStore
from lambdad.storage.sqlite.metrics_sqlite import SqliteMetricStore


class SystemClock:
    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


async def create_forever(catalogue: SqliteCatalogue, worker: int) -> None:
    number = 0
    while True:
        name = f"f-{worker}-{number}"
        assert await catalogue.create(version(name), {"n": str(number)})
        say("created", name)
        assert await catalogue.publish(version(name, "1"))
        say("published", name)
        if number % 3 == 0:
            assert await catalogue.delete_function(Scope(), name)
            say("deleted", name)
        number += 1


async def publish_layers_forever(catalogue: SqliteCatalogue) -> None:
    number = 0
    while True:
        name = f"l-{number % 3}"
        published = await catalogue.layers.publish(layer_version(name))
        say("layer", name, published.number)
        if number % 4 == 0:
            assert await catalogue.layers.delete(Scope(), name, published.number)
            say("layer-deleted", name, published.number)
        number += 1


async def log_forever(logs: SqliteLogStore) -> None:
    key = StreamKey(Scope(), "/g", "s")
    await logs.create_group(Scope(), "/g")
    await logs.create_stream(key)
    number = 0
    while True:
        await logs.append(key, [LogLine(number, f"appended {number}")])
        say("appended", number)
        logs.write(key, [LogLine(number, f"written {number}")])
        await logs.flush()
        say("written", number)
        number += 1


async def measure_forever(metrics: SqliteMetricStore) -> None:
    key = MetricKey(Scope(), "N", "m")
    number = 0
    while True:
        await metrics.append([Datum(key, 0, (1.0,))])
        say("measured", number)
        metrics.put([Datum(key, 60_000, (1.0,))])
        await metrics.flush()
        say("flushed", number)
        number += 1


async def main(folder: str) -> None:
    catalogue = SqliteCatalogue(f"{folder}/catalogue.db")
    logs = SqliteLogStore(f"{folder}/logs.db", SystemClock())
    metrics = SqliteMetricStore(f"{folder}/metrics.db", SystemClock())
    async with asyncio.TaskGroup() as tasks:
        for worker in range(8):
            tasks.create_task(create_forever(catalogue, worker))
        tasks.create_task(publish_layers_forever(catalogue))
        tasks.create_task(log_forever(logs))
        tasks.create_task(measure_forever(metrics))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
