"""Backup and restore: consistent while a server writes, and distrustful of archives."""

from __future__ import annotations

import asyncio
import io
import sqlite3
import stat
import subprocess
import sys
import tarfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from lambdad.domain.function import CodeKey, FunctionVersion, LoggingConfig, State
from lambdad.domain.layer import LayerVersion
from lambdad.domain.metric import Datum, MetricKey
from lambdad.domain.scope import Scope
from lambdad.ports.log_store import LogLine, StreamKey
from lambdad.storage.backup import backup, restore
from lambdad.storage.data_dir import open_data_dir
from lambdad.storage.refusal import StorageRefused
from lambdad.storage.sqlite.catalogue_sqlite import SqliteCatalogue
from lambdad.storage.sqlite.logs_sqlite import SqliteLogStore
from lambdad.storage.sqlite.metrics_sqlite import SqliteMetricStore
from lambdad.storage.sqlite.queries import migrations

NAMES = ["backup", "backup.tar", "backup.tar.gz", "backup.tgz"]


class FixedClock:
    def now(self) -> float:
        return 1_000.0

    def monotonic(self) -> float:
        return 0.0


def function(name: str) -> FunctionVersion:
    return FunctionVersion(
        scope=Scope(),
        name=name,
        version="$LATEST",
        role="arn:aws:iam::000000000000:role/r",
        runtime="python3.12",
        handler="a.b",
        timeout_s=3,
        memory_mib=128,
        ephemeral_mib=512,
        architecture="x86_64",
        environment=None,
        description="",
        code_sha256="",
        code_bytes=1,
        code_key=CodeKey(name),
        logging=LoggingConfig("Text", "/g"),
        revision_id="r",
        last_modified="",
        state=State.ACTIVE,
    )


def layer_of(key: str) -> LayerVersion:
    return LayerVersion(
        scope=Scope(),
        name="l",
        number=0,
        description="",
        license_info=None,
        runtimes=None,
        architectures=None,
        code_sha256="",
        code_bytes=1,
        unpacked_bytes=1,
        code_key=CodeKey(key),
        created="",
    )


async def fill(directory: Path) -> None:
    with open_data_dir(directory) as data_dir:
        tree = data_dir.code / "f" / "task"
        tree.mkdir(parents=True)
        (tree / "app.py").write_text("print(1)")
        (tree / "run.sh").write_text("#!/bin/sh")
        (tree / "run.sh").chmod(0o755)
        (tree / "link.py").symlink_to("app.py")
        tree.chmod(0o555)
        (data_dir.run / "socket").write_text("")
        catalogue, logs = SqliteCatalogue(data_dir.catalogue), SqliteLogStore(data_dir.logs, FixedClock())
        await catalogue.create(function("f"), {"a": "b"})
        logs.write(StreamKey(Scope(), "/g", "s"), [LogLine(1, "hello")])
        catalogue.close()
        logs.close()


async def contents(directory: Path) -> tuple[list[str], list[str]]:
    with open_data_dir(directory) as data_dir:
        catalogue, logs = SqliteCatalogue(data_dir.catalogue), SqliteLogStore(data_dir.logs, FixedClock())
        try:
            functions = await catalogue.list_functions(Scope(), after=None, limit=10_000)
            page = await logs.read(
                Scope(),
                "/g",
                streams=None,
                start_ms=None,
                end_ms=None,
                after_id=None,
                before_id=None,
                limit=10_000,
            )
        finally:
            catalogue.close()
            logs.close()
    return [item.name for item in functions], [event.message for event in page.events]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.asyncio
async def test_a_restored_backup_is_what_was_backed_up(tmp_path: Path, name: str) -> None:
    await fill(tmp_path / "old")
    backup(tmp_path / "old", tmp_path / name)
    restore(tmp_path / name, tmp_path / "new")
    assert await contents(tmp_path / "new") == (["f"], ["hello"])
    tree = tmp_path / "new" / "code" / "f" / "task"
    assert (tree / "app.py").read_text() == "print(1)"
    assert (tree / "link.py").readlink() == Path("app.py")
    assert stat.S_IMODE((tree / "run.sh").stat().st_mode) == 0o755
    assert stat.S_IMODE(tree.stat().st_mode) == 0o555
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    assert not (tmp_path / "new" / "run" / "socket").exists()


@pytest.mark.asyncio
async def test_code_of_layers_is_backed_up_and_merged_trees_are_not(tmp_path: Path) -> None:
    await fill(tmp_path / "old")
    with open_data_dir(tmp_path / "old") as data_dir:
        (data_dir.code / "merged" / "abc").mkdir(parents=True)
        (data_dir.code / "merged" / "abc" / "x").write_text("made again when needed")
        (data_dir.code / "f" / "merged").mkdir()
        catalogue = SqliteCatalogue(data_dir.catalogue)
        layer = layer_of("f")
        await catalogue.layers.publish(layer)
        await catalogue.create(replace(function("g"), code_key=CodeKey("f"), layers=(layer.attached(),)), {})
        catalogue.close()
    backup(tmp_path / "old", tmp_path / "new")
    assert await contents(tmp_path / "new") == (["f", "g"], ["hello"])
    assert not (tmp_path / "new" / "code" / "merged").exists()
    assert (tmp_path / "new" / "code" / "f" / "merged").is_dir()


@pytest.mark.asyncio
async def test_a_data_directory_from_before_layers_is_backed_up_as_it_is(tmp_path: Path) -> None:
    await fill(tmp_path / "old")
    catalogue = tmp_path / "old" / "catalogue.db"
    catalogue.rename(tmp_path / "newer.db")
    with closing(sqlite3.connect(catalogue, isolation_level=None)) as connection:
        connection.executescript(migrations("catalogue")[0] + "\nPRAGMA user_version = 1;")
        connection.execute("ATTACH ? AS newer", (str(tmp_path / "newer.db"),))
        for table in ("functions", "versions"):
            columns = ", ".join(row[1] for row in connection.execute(f"PRAGMA main.table_info({table})"))
            connection.execute(f"INSERT INTO main.{table} SELECT {columns} FROM newer.{table}")
    backup(tmp_path / "old", tmp_path / "new")
    assert await contents(tmp_path / "new") == (["f"], ["hello"])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.asyncio
async def test_a_backup_is_private_and_leaves_nothing_beside_it(tmp_path: Path, name: str) -> None:
    await fill(tmp_path / "old")
    backup(tmp_path / "old", tmp_path / name)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) & 0o077 == 0
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted(["old", name])


@pytest.mark.asyncio
async def test_a_backup_while_a_server_writes_is_one_consistent_moment(tmp_path: Path) -> None:
    with open_data_dir(tmp_path / "d") as data_dir:
        catalogue = SqliteCatalogue(data_dir.catalogue)
        written: list[str] = []
        stop = asyncio.Event()

        async def write() -> None:
            while not stop.is_set():
                name = f"f{len(written):05d}"
                await catalogue.create(function(name), {})
                written.append(name)

        writing = asyncio.create_task(write())
        while len(written) < 20:
            await asyncio.sleep(0)
        before = len(written)
        command = "import sys; from lambdad.storage.backup import backup; backup(*sys.argv[1:])"
        await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", command, str(tmp_path / "d"), str(tmp_path / "b.tar")],
            check=True,
        )
        stop.set()
        await writing
        catalogue.close()
    restore(tmp_path / "b.tar", tmp_path / "new")
    with open_data_dir(tmp_path / "new") as data_dir:
        catalogue = SqliteCatalogue(data_dir.catalogue)
        found = [item.name for item in await catalogue.list_functions(Scope(), after=None, limit=10**6)]
        catalogue.close()
    assert len(found) >= before
    assert found == written[: len(found)]


@pytest.mark.asyncio
async def test_a_backup_overwrites_nothing(tmp_path: Path) -> None:
    await fill(tmp_path / "old")
    (tmp_path / "b.tar").write_text("yesterday's")
    with pytest.raises(StorageRefused, match="exists already"):
        backup(tmp_path / "old", tmp_path / "b.tar")
    assert (tmp_path / "b.tar").read_text() == "yesterday's"


def test_what_is_no_data_directory_is_not_backed_up(tmp_path: Path) -> None:
    with pytest.raises(StorageRefused, match="is not a lambdad data directory"):
        backup(tmp_path, tmp_path / "b.tar")
    with pytest.raises(StorageRefused, match="keeps nothing"):
        backup(":memory:", tmp_path / "b.tar")


@pytest.mark.asyncio
async def test_nothing_is_restored_over_something(tmp_path: Path) -> None:
    await fill(tmp_path / "old")
    backup(tmp_path / "old", tmp_path / "b.tar")
    with pytest.raises(StorageRefused, match="is not empty"):
        restore(tmp_path / "b.tar", tmp_path / "old")
    (tmp_path / "empty").mkdir()
    restore(tmp_path / "b.tar", tmp_path / "empty")
    assert await contents(tmp_path / "empty") == (["f"], ["hello"])


def archive_of(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ([(member("../out"), b"x")], "leads out"),
        ([(member("/tmp/out"), b"x")], "leads out"),
        ([(member("a/../../out"), b"x")], "leads out"),
        ([(member("up", tarfile.SYMTYPE, "../.."), b"")], "leads out"),
        ([(member("root", tarfile.SYMTYPE, "/"), b"")], "leads out"),
        (
            [
                (member("d", tarfile.DIRTYPE), b""),
                (member("l", tarfile.SYMTYPE, "d"), b""),
                (member("l/x"), b"x"),
            ],
            "goes through a link",
        ),
        ([(member("hard", tarfile.LNKTYPE, "/etc/passwd"), b"")], "neither file, folder nor link"),
        ([(member("pipe", tarfile.FIFOTYPE), b"")], "neither file, folder nor link"),
        ([(member("device", tarfile.CHRTYPE), b"")], "neither file, folder nor link"),
        ([(member("a"), b"x")], "is not a lambdad data directory"),
        ([(member("format"), b"99")], "is newer"),
        ([(member("format"), b"1"), (member("format"), b"1")], "not a backup that can be read"),
    ],
)
def test_a_bad_archive_is_refused_and_leaves_nothing(
    tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]], reason: str
) -> None:
    archive = archive_of(tmp_path / "bad.tar", *members)
    with pytest.raises(StorageRefused, match=reason):
        restore(archive, tmp_path / "new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["bad.tar"]


@pytest.mark.parametrize("content", [b"", b"not a tar file at all" * 100])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.tar").write_bytes(content)
    with pytest.raises(StorageRefused):
        restore(tmp_path / "x.tar", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_cut_off_archive_is_refused(tmp_path: Path) -> None:
    with open_data_dir(tmp_path / "d") as data_dir:
        (data_dir.code / "big").write_bytes(bytes(range(256)) * 1_000)
    backup(tmp_path / "d", tmp_path / "b.tar.gz")
    whole = (tmp_path / "b.tar.gz").read_bytes()
    (tmp_path / "b.tar.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StorageRefused, match="not a backup that can be read"):
        restore(tmp_path / "b.tar.gz", tmp_path / "new")
    assert not (tmp_path / "new").exists()


async def test_metrics_are_in_a_backup(tmp_path: Path) -> None:
    key = MetricKey(Scope(), "N", "m")
    with open_data_dir(tmp_path / "data") as data_dir:
        metrics = SqliteMetricStore(data_dir.metrics, FixedClock())
        await metrics.append([Datum(key, 60_000, (3.0,))])
        metrics.close()
    backup(tmp_path / "data", tmp_path / "copy")
    restore(tmp_path / "copy", tmp_path / "again")
    with open_data_dir(tmp_path / "again") as data_dir:
        metrics = SqliteMetricStore(data_dir.metrics, FixedClock())
        found = await metrics.read([key], start_s=60, end_s=120, period_s=60)
        metrics.close()
    assert [period.total for period in found[key]] == [3]
