"""What was acknowledged is there after kill -9, at whatever moment it comes."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from catalogue_contract import HERE, version
from layer_contract import layer_version
from log_contract import FixedClock, messages

from lambdad.domain.metric import MetricKey
from lambdad.storage.sqlite.catalogue_sqlite import SqliteCatalogue
from lambdad.storage.sqlite.logs_sqlite import SqliteLogStore
from lambdad.storage.sqlite.metrics_sqlite import SqliteMetricStore

pytestmark = pytest.mark.asyncio

WRITER = Path(__file__).with_name("acknowledging_writer.py")


def acknowledged_before_kill(folder: Path, lines: int) -> list[list[str]]:
    """Run the writer, kill it when it has said so many lines; everything it said."""
    command = [sys.executable, str(WRITER), str(folder)]
    root = {**os.environ, "PYTHONPATH": str(WRITER.parents[2])}  # for the fakes that contracts share
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=root) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        said += process.stdout.readlines()
    assert process.returncode == -9
    return [line.decode().split() for line in said if line.endswith(b"\n")]


@pytest.mark.parametrize("seed", range(6))
async def test_everything_acknowledged_survives_the_kill(tmp_path: Path, seed: int) -> None:
    told = acknowledged_before_kill(tmp_path, random.Random(seed).randrange(5, 900))
    said = [words for words in told if len(words) == 2]
    catalogue = SqliteCatalogue(tmp_path / "catalogue.db")
    try:
        await check_layers(catalogue, [words for words in told if len(words) == 3])
        for name in {name for verb, name in said if verb == "deleted"}:
            assert await catalogue.read(HERE, name) is None
        begun = {name for verb, name in said if verb == "created"}
        # Behind a third function's "published" its deletion may have been on the way.
        for name in begun:
            expected_gone = int(name.rsplit("-", 1)[1]) % 3 == 0
            found = await catalogue.read(HERE, name)
            assert found == version(name) or (found is None and expected_gone), name
            if ["published", name] in said and not expected_gone:
                assert await catalogue.read(HERE, name, "1") == version(name, "1")
                assert await catalogue.read_tags(HERE, name) == {"n": name.rsplit("-", 1)[1]}
    finally:
        catalogue.close()
    await check_logs(tmp_path, said)
    await check_metrics(tmp_path, said)


async def check_metrics(folder: Path, said: list[list[str]]) -> None:
    metrics = SqliteMetricStore(folder / "metrics.db", FixedClock())
    key = MetricKey(HERE, "N", "m")
    try:
        found = (await metrics.read([key], start_s=0, end_s=120, period_s=60)).get(key, [])
    finally:
        metrics.close()
    samples = {period.start_s: period.samples for period in found}
    for start_s, verb in ((0, "measured"), (60, "flushed")):
        told = sum(1 for word, _ in said if word == verb)
        # One more may have been on its way to be acknowledged.
        assert told <= samples.get(start_s, 0) <= told + 1


async def check_layers(catalogue: SqliteCatalogue, said: list[list[str]]) -> None:
    gone = {(name, int(number)) for verb, name, number in said if verb == "layer-deleted"}
    published = [(name, int(number)) for verb, name, number in said if verb == "layer"]
    # Behind the last publication its deletion may have been on the way.
    for name, number in published[:-1]:
        expected = None if (name, number) in gone else layer_version(name, number)
        assert await catalogue.layers.read(HERE, name, number) == expected
    for name in {name for name, _ in published}:
        highest = max(number for other, number in published if other == name)
        assert (await catalogue.layers.publish(layer_version(name))).number > highest


async def check_logs(folder: Path, said: list[list[str]]) -> None:
    logs = SqliteLogStore(folder / "logs.db", FixedClock())
    try:
        told = [f"{verb} {number}" for verb, number in said if verb in ("appended", "written")]
        if not told:
            return
        found = await logs.read(
            HERE,
            "/g",
            streams=["s"],
            start_ms=None,
            end_ms=None,
            after_id=None,
            before_id=None,
            limit=10**6,
        )
        assert messages(found)[: len(told)] == told
        assert len({event.event_id for event in found}) == len(found)
    finally:
        logs.close()
