"""Byte code on disk: whole or not there, beside the code, gone with it."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from test_code_store import Time, archive, link

from lambdad.domain.function import CodeKey
from lambdad.domain.limits import CODE_GRACE_S
from lambdad.storage.backup import backup
from lambdad.storage.data_dir import open_data_dir
from lambdad.storage.files.code_store import FileCodeStore
from lambdad.storage.files.compiled_store import FileCompiledStore

pytestmark = pytest.mark.asyncio
MAKER = "python3.13.0"
ONE = (CodeKey("1" * 64),)


@pytest_asyncio.fixture
async def codes(tmp_path: Path) -> AsyncIterator[FileCodeStore]:
    store = FileCodeStore(tmp_path / "code", monotonic=Time())
    yield store
    await store.close()


@pytest_asyncio.fixture
async def store(tmp_path: Path, codes: FileCodeStore) -> AsyncIterator[FileCompiledStore]:
    store = FileCompiledStore(tmp_path / "code")
    yield store
    await store.close()


async def keep(
    store: FileCompiledStore, keys: tuple[CodeKey, ...], maker: str = MAKER, **files: bytes
) -> Path:
    draft = await store.begin(keys, maker)
    await draft.add((f"{name}.py", content) for name, content in files.items())
    await draft.keep()
    await draft.drop()
    return store.place(keys, maker)


async def test_what_is_kept_is_found_and_readable_by_the_user_of_a_sandbox(store):
    draft = await store.begin(ONE, MAKER)
    await draft.add([("a.py", b"1"), ("p/q/b.py", b"2")])
    assert not await store.find(ONE, MAKER)
    await draft.keep()
    assert await store.find(ONE, MAKER)
    place = store.place(ONE, MAKER)
    assert (place / "a.pyc").read_bytes() == b"1"
    assert (place / "p" / "q" / "b.pyc").read_bytes() == b"2"
    assert {path.stat().st_mode & 0o777 for path in (place, place / "p" / "q")} == {0o755}
    assert (place / "a.pyc").stat().st_mode & 0o777 == 0o644


async def test_what_is_dropped_leaves_nothing(store, tmp_path):
    draft = await store.begin(ONE, MAKER)
    await draft.add([("a.py", b"1")])
    await draft.drop()
    assert not await store.find(ONE, MAKER)
    assert list((tmp_path / "code" / "unfinished").iterdir()) == []


async def test_the_first_of_two_that_make_the_same_wins(store):
    first, second = await store.begin(ONE, MAKER), await store.begin(ONE, MAKER)
    for draft, content in ((first, b"first"), (second, b"second")):
        await draft.add([("a.py", content)])
    for draft in (first, second):
        with contextlib.suppress(OSError):
            await draft.keep()
        await draft.drop()
    assert (store.place(ONE, MAKER) / "a.pyc").read_bytes() == b"first"


async def test_another_patch_takes_the_place_of_the_one_before_and_another_minor_does_not(store):
    old = await keep(store, ONE, "python3.13.0", a=b"1")
    other = await keep(store, ONE, "python3.1.0", a=b"1")
    new = await keep(store, ONE, "python3.13.1", a=b"2")
    assert (old.exists(), other.exists(), new.exists()) == (False, True, True)


async def test_sources_are_listed_from_the_root_on_and_links_are_not_followed(store, codes):
    key = (
        await codes.put(
            archive(
                ("p/m.py", b"22"),
                ("z.py", b"1"),
                ("readme.txt", b"x"),
                (link("l.py"), b"z.py"),
                ("x.py/i.py", b"3"),
            )
        )
    ).key
    sources = await store.sources(codes.task_root(key))
    assert sources.names == ("z.py", "p/m.py", "x.py/i.py")
    assert sources.total_bytes == 4


async def test_a_source_whose_byte_code_could_have_no_name_is_left_out(store, codes):
    key = (await codes.put(archive(("a" * 252 + ".py", b"1"), ("b" * 251 + ".py", b"1")))).key
    assert (await store.sources(codes.task_root(key))).names == ("b" * 251 + ".py",)


async def test_byte_code_goes_with_the_code_it_was_made_of(tmp_path):
    time = Time()
    codes, store = FileCodeStore(tmp_path / "code", monotonic=time), FileCompiledStore(tmp_path / "code")
    one = (await codes.put(archive(("x.py", b"1")))).key
    two = (await codes.put(archive(("y.py", b"2")))).key
    await codes.layers_root((one, two))
    places = [await keep(store, keys, a=b"1") for keys in ((one,), (two,), (one, two), (two, one))]
    time.now_s += CODE_GRACE_S
    assert await codes.keep_only({one, two}, {(one, two)}) == 0
    assert [place.exists() for place in places] == [True, True, True, False]
    assert await codes.keep_only({two}) == 1
    assert [place.exists() for place in places] == [False, True, False, False]
    await codes.close()
    await store.close()


async def test_a_backup_leaves_byte_code_out(tmp_path):
    with open_data_dir(str(tmp_path / "data")) as data_dir:
        codes, store = FileCodeStore(data_dir.code), FileCompiledStore(data_dir.code)
        key = (await codes.put(archive(("x.py", b"1")))).key
        await keep(store, (key,), a=b"1")
        await codes.close()
        await store.close()
    await asyncio.to_thread(backup, tmp_path / "data", tmp_path / "copy")
    assert (tmp_path / "copy" / "code" / key[:2] / key).is_dir()
    assert not (tmp_path / "copy" / "code" / "compiled").exists()


WRITER = """
import asyncio, sys
from pathlib import Path
from lambdad.storage.files.code_store import FileCodeStore
from lambdad.storage.files.compiled_store import FileCompiledStore

async def main():
    FileCodeStore(Path(sys.argv[1]))
    store = FileCompiledStore(Path(sys.argv[1]))
    for number in range(10_000):
        draft = await store.begin((f"{number:064}",), "python3.13.0")
        await draft.add([(f"{file}.py", bytes(10_000)) for file in range(50)])
        await draft.keep()
        print(number, flush=True)

asyncio.run(main())
"""


async def test_after_a_kill_everything_that_is_found_is_whole(tmp_path):
    root = tmp_path / "code"
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, str(root), stdout=subprocess.PIPE
    )
    for _ in range(3):
        await writer.stdout.readline()
    writer.kill()
    await writer.communicate()
    places = list(root.glob("compiled/*/*"))
    assert len(places) >= 3
    for place in places:
        assert sorted(file.stat().st_size for file in place.iterdir()) == [10_000] * 50
    codes = FileCodeStore(root, monotonic=Time())
    await codes.keep_only(set())
    assert list(root.glob("unfinished/*")) + list(root.glob("compiled/*")) == []
    await codes.close()
