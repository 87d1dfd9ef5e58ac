"""kill -9 in the middle of storing code leaves whole archives and removable leftovers, nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lambdad.storage.files.code_store import FileCodeStore

WRITER = """
import asyncio, io, os, sys, zipfile
from pathlib import Path
from lambdad.storage.files.code_store import FileCodeStore

async def main():
    store = FileCodeStore(Path(sys.argv[1]))
    while True:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as opened:
            for number in range(50):
                opened.writestr(f"d/{number}", os.urandom(10_000))
        print((await store.put(buffer.getvalue())).key, flush=True)

asyncio.run(main())
"""


def written_below(folder: Path) -> int:
    """Bytes of all files below a folder that somebody else is changing."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            total += path.stat().st_size if path.is_file() else 0
    return total


@pytest.mark.parametrize("extra_bytes", [0, pytest.param(100, marks=pytest.mark.full), 3_000])
async def test_after_a_kill_every_acknowledged_archive_is_whole(tmp_path: Path, extra_bytes: int) -> None:
    root = tmp_path / "code"
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, str(root), stdout=subprocess.PIPE
    )
    assert writer.stdout is not None
    acknowledged = [(await writer.stdout.readline()).decode().strip() for _ in range(3)]
    # Let the next one get some way; how far differs from run to run, what must hold does not.
    unfinished = root / "unfinished"
    while written_below(unfinished) < extra_bytes:
        await asyncio.sleep(0)
    writer.kill()
    acknowledged += (await writer.stdout.read()).decode().split()
    await writer.wait()

    store = FileCodeStore(root)
    for place in root.glob("??/*"):
        assert hashlib.sha256((place / "archive.zip").read_bytes()).hexdigest() == place.name
        files = list((place / "task" / "d").iterdir())
        assert [path.stat().st_size for path in files] == [10_000] * 50
    assert set(acknowledged) <= {place.name for place in root.glob("??/*")}
    await store.keep_only(set())
    await store.swept()
    await store.close()
    assert [path for path in root.rglob("*") if path.is_file()] == []


MERGER = """
import asyncio, io, sys, zipfile
from itertools import permutations
from pathlib import Path
from lambdad.storage.files.code_store import FileCodeStore

def layer(number):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for file in range(300):
            opened.writestr(f"d{file % 7}/{number}-{file}", b"x")
    return buffer.getvalue()

async def main():
    store = FileCodeStore(Path(sys.argv[1]))
    keys = [(await store.put(layer(number))).key for number in range(5)]
    for order in permutations(keys):
        print((await store.layers_root(order)).name, flush=True)

asyncio.run(main())
"""


def _entries(place: Path) -> int:
    """How much there is below a directory that others change meanwhile."""
    return sum(len(names) + len(files) for _, names, files in os.walk(place))


@pytest.mark.parametrize("entries", [1, pytest.param(500, marks=pytest.mark.full), 1_200])
async def test_after_a_kill_every_merged_tree_is_whole(tmp_path: Path, entries: int) -> None:
    root = tmp_path / "code"
    merger = await asyncio.create_subprocess_exec(
        sys.executable, "-c", MERGER, str(root), stdout=subprocess.PIPE
    )
    assert merger.stdout is not None
    acknowledged = [(await merger.stdout.readline()).decode().strip() for _ in range(3)]
    while _entries(root / "unfinished") < entries and merger.returncode is None:
        await asyncio.sleep(0)
    merger.kill()
    acknowledged += (await merger.stdout.read()).decode().split()
    await merger.wait()

    merged = list((root / "merged").iterdir())
    assert set(acknowledged) <= {place.name for place in merged}
    for place in merged:
        assert sum(path.is_file() for path in place.rglob("*")) == 5 * 300
    store = FileCodeStore(root)
    await store.keep_only(set())
    await store.swept()
    await store.close()
    assert [path for path in root.rglob("*") if path.is_file()] == []
