"""Merged layers in the code store: what is in the tree, when it is made and when it goes."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from test_code_store import Time, archive, entry, link

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.domain.function import CodeKey
from lambdad.domain.limits import CODE_GRACE_S
from lambdad.storage.files import merge as merging
from lambdad.storage.files.code_store import FileCodeStore

pytestmark = pytest.mark.asyncio


@pytest.fixture
def time() -> Time:
    return Time()


@pytest_asyncio.fixture
async def store(tmp_path: Path, time: Time) -> AsyncIterator[FileCodeStore]:
    store = FileCodeStore(tmp_path / "code", monotonic=time)
    yield store
    await store.close()


async def put(store: FileCodeStore, *entries: object) -> CodeKey:
    return (await store.put(archive(*entries))).key


async def merged(store: FileCodeStore, *keys: CodeKey) -> Path:
    root = await store.layers_root(keys)
    assert root is not None
    return root


def tree(root: Path) -> dict[str, str]:
    """Files and links below a directory."""
    return {
        str(path.relative_to(root)): f"-> {path.readlink()}" if path.is_symlink() else path.read_text()
        for path in root.rglob("*")
        if path.is_symlink() or path.is_file()
    }


async def test_without_layers_there_is_no_tree(store):
    assert await store.layers_root(()) is None


async def test_one_layer_is_its_own_tree(store):
    key = await put(store, ("x", b"1"))
    assert await merged(store, key) == store.task_root(key)


async def test_later_layers_lie_over_earlier_ones(store):
    one = await put(store, ("a", b"1"), ("d/both", b"1"), ("d/one", b"1"), ("empty/", b""))
    two = await put(store, ("b", b"2"), ("d/both", b"2"))
    root = await merged(store, one, two)
    assert tree(root) == {"a": "1", "b": "2", "d/both": "2", "d/one": "1"}
    assert (root / "empty").is_dir()
    assert tree(await merged(store, two, one))["d/both"] == "1"
    assert tree(store.task_root(one)) == {"a": "1", "d/both": "1", "d/one": "1"}


async def test_files_directories_and_links_take_one_anothers_places(store):
    kinds = {
        "file": [("x", b"file")],
        "directory": [("x/in", b"inner")],
        "link": [(link("x"), b"target"), ("target/y", b"kept")],
    }
    expected = {"file": {"x": "file"}, "directory": {"x/in": "inner"}, "link": {"x": "-> target"}}
    for before, first in kinds.items():
        for after, second in kinds.items():
            if before != after:
                root = await merged(store, await put(store, *first), await put(store, *second))
                found = {path: text for path, text in tree(root).items() if path.startswith("x")}
                assert found == expected[after], (before, after)


async def test_a_directory_over_a_link_leaves_the_links_target_alone(store):
    first = await put(store, (link("lib"), b"real"), ("real/a", b"first"))
    second = await put(store, ("lib/a", b"second"))
    root = await merged(store, first, second)
    assert tree(root) == {"lib/a": "second", "real/a": "first"}
    assert tree(store.task_root(first))["real/a"] == "first"


async def test_modes_stay_and_everything_is_readable(store):
    one = await put(store, (entry("bin/tool", mode=0o700), b"x"), ("deep/er/f", b"x"))
    root = await merged(store, one, await put(store, ("deep/g", b"x")))
    assert stat.S_IMODE((root / "bin/tool").stat().st_mode) == 0o755
    assert stat.S_IMODE((root / "deep/er/f").stat().st_mode) == 0o644
    folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o755}


async def test_a_merged_tree_takes_no_second_copy_of_the_files(store):
    one = await put(store, ("x", b"1"))
    root = await merged(store, one, await put(store, ("y", b"2")))
    assert (root / "x").stat().st_ino == (store.task_root(one) / "x").stat().st_ino


async def test_where_links_are_impossible_files_are_copied(store, monkeypatch):
    def no_link(*_: object) -> None:
        raise OSError(merging.errno.EMLINK, "too many links")

    monkeypatch.setattr(merging.os, "link", no_link)
    root = await merged(
        store, await put(store, ("x", b"1")), await put(store, (entry("y", mode=0o755), b"2"))
    )
    assert tree(root) == {"x": "1", "y": "2"}
    assert os.access(root / "y", os.X_OK)


async def test_a_tree_is_made_once_and_found_by_the_next_store(store, tmp_path):
    keys = (await put(store, ("x", b"1")), await put(store, ("y", b"2")))
    root = await merged(store, *keys)
    made = root.stat().st_ino
    assert await merged(store, *keys) == root
    again = FileCodeStore(tmp_path / "code")
    assert (await merged(again, *keys)).stat().st_ino == made
    await again.close()


async def test_a_layer_that_is_missing_is_said_and_leaves_nothing(store, tmp_path):
    one = await put(store, ("x", b"1"))
    with pytest.raises(EnvironmentUnavailable, match="layers could not be merged"):
        await store.layers_root((one, CodeKey("0" * 64)))
    assert list((tmp_path / "code" / "unfinished").iterdir()) == []
    assert not (tmp_path / "code" / "merged").exists()


async def test_unpacked_bytes_are_those_of_the_files(store):
    key = await put(store, ("x", b"123"), ("d/y", b"4567"))
    assert await store.unpacked_bytes(key) == 7


async def test_merged_trees_that_no_function_uses_are_removed_after_the_grace(store, time):
    one, two = await put(store, ("x", b"1")), await put(store, ("y", b"2"))
    kept, lost = await merged(store, one, two), await merged(store, two, one)
    assert await store.keep_only({one, two}, {(one, two)}) == 0
    assert lost.exists(), "merged only just now"
    time.now_s += CODE_GRACE_S
    assert await store.keep_only({one, two}, {(one, two)}) == 0
    assert kept.exists()
    assert not lost.exists()
    assert tree(await merged(store, two, one)) == {"x": "1", "y": "2"}, "made again when it is needed again"


async def test_a_merged_tree_outlives_nothing_that_it_needs(store, time):
    one, two = await put(store, ("x", b"1")), await put(store, ("y", b"2"))
    root = await merged(store, one, two)
    time.now_s += CODE_GRACE_S
    assert await store.keep_only(set()) == 2
    assert not root.exists()


async def test_thousands_of_nested_directories_are_merged(store):
    deep = "/".join("d" for _ in range(400))
    one, two = await put(store, (f"{deep}/x", b"1")), await put(store, (f"{deep}/y", b"2"))
    assert set(tree(await merged(store, one, two))) == {f"{deep}/x", f"{deep}/y"}
