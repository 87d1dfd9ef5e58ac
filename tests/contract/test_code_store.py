"""The code store's contract, and what it refuses."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import os
import stat
import struct
import threading
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from lambdad.domain.errors import InvalidParameter, RequestTooLarge
from lambdad.domain.function import CodeKey
from lambdad.domain.limits import CODE_GRACE_S, MAX_ARCHIVE_ENTRIES, MAX_UNZIPPED_BYTES, MIB
from lambdad.ports.code_store import StoredCode
from lambdad.storage.files.code_store import FileCodeStore
from lambdad.storage.files.entries import TOO_BIG, UNREADABLE

pytestmark = pytest.mark.asyncio

UNIX = 3


def entry(name: str, *, mode: int = 0o644, kind: int = stat.S_IFREG) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = UNIX
    info.external_attr = (kind | mode) << 16
    return info


def link(name: str) -> zipfile.ZipInfo:
    return entry(name, mode=0o777, kind=stat.S_IFLNK)


def archive(*entries: tuple[zipfile.ZipInfo | str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as opened:
        for info, content in entries:
            name = info if isinstance(info, zipfile.ZipInfo) else entry(info)
            opened.writestr(name, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


class Time:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def time() -> Time:
    return Time()


@pytest_asyncio.fixture
async def store(tmp_path: Path, time: Time) -> AsyncIterator[FileCodeStore]:
    store = FileCodeStore(tmp_path / "code", monotonic=time)
    yield store
    await store.close()


async def put(store: FileCodeStore, content: bytes, **limits: int) -> StoredCode:
    return await store.put(content, **limits)


async def keep_only(store: FileCodeStore, keys: set[CodeKey]) -> int:
    return await store.keep_only(keys)


def everything(store: FileCodeStore) -> list[Path]:
    return [path for path in store._root.rglob("*") if path.name != "unfinished"]


async def refused(store: FileCodeStore, content: bytes) -> InvalidParameter:
    with pytest.raises(InvalidParameter) as caught:
        await put(store, content)
    assert everything(store) == [], "a refused archive leaves nothing behind"
    return caught.value


async def test_an_archive_is_described_as_aws_shows_it(store):
    content = archive(("index.py", b"x = 1\n"), ("lib/a.py", b"12345"))
    stored = await put(store, content)
    assert stored.key == hashlib.sha256(content).hexdigest()
    assert base64.b64decode(stored.sha256_base64).hex() == stored.key
    assert (stored.archive_bytes, stored.unpacked_bytes) == (len(content), 11)


async def test_the_tree_holds_the_files_and_the_archive_is_the_upload(store):
    content = archive(("index.py", b"x = 1\n"), ("lib/a.py", b"12345"), ("empty/", b""))
    stored = await put(store, content)
    root = store.task_root(stored.key)
    assert (root / "index.py").read_bytes() == b"x = 1\n"
    assert (root / "lib" / "a.py").read_bytes() == b"12345"
    assert (root / "empty").is_dir()
    assert store.archive(stored.key).read_bytes() == content


async def test_the_same_bytes_are_the_same_code(store):
    content = archive(("index.py", b"1"))
    first = await put(store, content)
    second = await put(store, content)
    assert first == second


async def test_two_puts_of_the_same_bytes_at_once_both_succeed(store):
    content = archive(("index.py", b"1"))

    async def both():
        return await asyncio.gather(store.put(content), store.put(content))

    first, second = await both()
    assert first == second


async def test_code_is_still_there_for_the_next_server(store, tmp_path):
    stored = await put(store, archive(("index.py", b"1")))
    again = FileCodeStore(tmp_path / "code")
    assert (again.task_root(stored.key) / "index.py").read_bytes() == b"1"


async def test_modes_become_world_readable_and_keep_only_the_executable_bit(store):
    stored = await put(
        store,
        archive(
            (entry("private", mode=0o600), b""),
            (entry("bootstrap", mode=0o700), b""),
            (entry("setuid", mode=0o4711), b""),
            (entry("closed/", mode=0o700, kind=stat.S_IFDIR), b""),
            ("closed/inner", b""),
        ),
    )
    root = store.task_root(stored.key)
    modes = {
        p.relative_to(root).as_posix(): stat.S_IMODE(p.lstat().st_mode) for p in [root, *root.rglob("*")]
    }
    assert modes == {
        ".": 0o755,
        "private": 0o644,
        "bootstrap": 0o755,
        "setuid": 0o755,
        "closed": 0o755,
        "closed/inner": 0o644,
    }


async def test_modes_do_not_depend_on_the_servers_umask(store):
    before = os.umask(0o077)
    try:
        stored = await put(store, archive(("a/b", b"")))
    finally:
        os.umask(before)
    root = store.task_root(stored.key)
    assert [stat.S_IMODE(p.stat().st_mode) for p in (root, root / "a", root / "a/b")] == [0o755, 0o755, 0o644]


async def test_an_archive_made_on_windows_has_no_modes_to_keep(store):
    info = zipfile.ZipInfo("index.py")
    info.create_system = 0
    info.external_attr = 0o120777 << 16  # would be a symlink on Unix
    stored = await put(store, archive((info, b"data")))
    assert (store.task_root(stored.key) / "index.py").read_bytes() == b"data"


async def test_a_symlink_inside_the_tree_is_kept(store):
    stored = await put(
        store,
        archive(
            (link("current"), b"versions/1"),
            ("versions/1/data", b"one"),
            (link("versions/1/up"), b"../../versions"),
            (link("dangling"), b"nowhere"),
        ),
    )
    root = store.task_root(stored.key)
    assert os.readlink(root / "current") == "versions/1"
    assert (root / "current" / "data").read_bytes() == b"one"
    assert os.readlink(root / "dangling") == "nowhere"


@pytest.mark.parametrize(
    "entries",
    [
        [(link("out"), b"../outside")],
        [(link("out"), b"/etc/passwd")],
        [(link("a/out"), b"../../x")],
        [(link("a"), b"."), (link("b"), b"a/.."), ("c", b"")],
        [(link("d/e"), b".."), (link("l"), b"d/e/..")],
        [(link("gone"), b"missing/../../x")],
        [(link("empty"), b"")],
        [(link("long"), b"a" * 2_000)],
    ],
    ids=[
        "parent",
        "absolute",
        "two up",
        "through a link to the root",
        "through a link up",
        "through nothing",
        "empty",
        "long",
    ],
)
async def test_a_symlink_out_of_the_tree_is_refused(store, entries):
    assert str(await refused(store, archive(*entries))) == UNREADABLE


@pytest.mark.parametrize("order", ["link first", "file first"])
async def test_nothing_is_written_through_a_symlink(store, order):
    entries = [(link("d"), b"real"), ("d/file", b"x"), ("real/other", b"")]
    content = archive(*(entries if order == "link first" else reversed(entries)))
    assert str(await refused(store, content)) == UNREADABLE


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "a/..", "..", "//x"])
async def test_a_name_that_leads_out_of_the_tree_is_refused(store, name, tmp_path):
    assert str(await refused(store, archive((name, b"x")))) == UNREADABLE
    assert not (tmp_path / "evil").exists()


async def test_a_name_is_taken_literally_where_it_leads_nowhere_else(store):
    stored = await put(store, archive(("./a//b", b"1"), ("..dots", b"2"), ("back\\slash", b"3")))
    root = store.task_root(stored.key)
    assert (root / "a/b").read_bytes() == b"1"
    assert (root / "..dots").read_bytes() == b"2"
    assert (root / "back\\slash").read_bytes() == b"3"


@pytest.mark.parametrize("kind", [stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK])
async def test_a_device_or_pipe_is_refused(store, kind):
    assert str(await refused(store, archive((entry("dev", kind=kind), b"")))) == UNREADABLE


@pytest.mark.parametrize(
    "names", [["a", "a"], ["a", "./a"], ["a", "a/b"], ["a/b", "a"], ["a/", "a"]], ids=" ".join
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
async def test_a_name_that_occurs_twice_is_refused(store, names):
    assert str(await refused(store, archive(*((name, b"x") for name in names)))) == UNREADABLE


@pytest.mark.filterwarnings("ignore:Duplicate name")
async def test_a_directory_may_be_listed_twice(store):
    stored = await put(store, archive(("d/", b""), ("d/a", b"1"), ("d/", b"")))
    assert (store.task_root(stored.key) / "d/a").read_bytes() == b"1"


def patched(content: bytes, flag_bits: int) -> bytes:
    """Set bits in the flags of the first entry, in both of its headers."""
    raw = bytearray(content)
    for offset in (6, content.index(b"PK\x01\x02") + 8):
        (flags,) = struct.unpack_from("<H", raw, offset)
        struct.pack_into("<H", raw, offset, flags | flag_bits)
    return bytes(raw)


async def test_an_encrypted_entry_is_refused(store):
    assert str(await refused(store, patched(archive(("a", b"x")), 0x1))) == UNREADABLE


async def test_a_wrong_checksum_is_refused(store):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as opened:
        opened.writestr("a", b"content of the file")
    content = buffer.getvalue().replace(b"content of", b"CONTENT of")
    assert str(await refused(store, content)) == UNREADABLE


@pytest.mark.parametrize(
    "content",
    [b"", b"not a zip", b"PK\x05\x06", b"PK\x03\x04" + bytes(100)],
    ids=["empty", "text", "short", "header"],
)
async def test_what_is_no_zip_file_is_refused(store, content):
    assert str(await refused(store, content)) == UNREADABLE


async def test_every_truncation_of_a_zip_file_is_refused(store):
    content = archive(("index.py", b"def handler(event, context): return event\n"))
    for size in range(0, len(content), 7):
        assert str(await refused(store, content[:size])) == UNREADABLE


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
async def test_compression_that_lambda_does_not_know_is_refused(store, method):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as opened:
        opened.writestr("a", b"x" * 100)
    assert str(await refused(store, buffer.getvalue())) == UNREADABLE


def bomb(size: int) -> bytes:
    return archive(("zeros", bytes(size)))


async def test_a_zip_bomb_is_refused_by_its_claimed_size(store):
    content = bomb(MAX_UNZIPPED_BYTES + 1)
    assert len(content) < MIB
    assert str(await refused(store, content)) == TOO_BIG


async def test_a_zip_bomb_that_lies_about_its_size_is_refused(store):
    content = bytearray(bomb(20 * MIB))
    central = bytes(content).index(b"PK\x01\x02")
    for offset in (22, central + 24):  # uncompressed size, in both headers
        struct.pack_into("<I", content, offset, 10)
    assert str(await refused(store, bytes(content))) == UNREADABLE


async def test_many_files_are_counted_together(store):
    part = MAX_UNZIPPED_BYTES // 4 + 1
    content = archive(*((f"part{n}", bytes(part)) for n in range(4)))
    assert str(await refused(store, content)) == TOO_BIG


async def test_too_many_entries_are_refused(store):
    header = b"PK\x01\x02" * (MAX_ARCHIVE_ENTRIES + 1)
    assert str(await refused(store, archive(("a", header)) + header)) == UNREADABLE


async def test_directories_count_as_entries(store):
    deep = "d/" * 500
    content = archive(*((f"{n}/{deep}f", b"") for n in range(MAX_ARCHIVE_ENTRIES // 500 + 1)))
    assert str(await refused(store, content)) == UNREADABLE


@pytest.mark.parametrize("name", ["x" * 300, "d/" * 600 + "f"], ids=["component", "path"])
async def test_a_name_longer_than_a_file_system_takes_is_refused(store, name):
    assert str(await refused(store, archive((name, b"")))) == UNREADABLE


async def test_an_archive_over_the_upload_limit_is_refused(store):
    with pytest.raises(RequestTooLarge) as caught:
        await put(store, bytes(52_428_801))
    assert str(caught.value) == "Zipped size must be smaller than 52428800 bytes"


async def test_an_archive_from_s3_may_be_larger_than_an_upload(store):
    content = archive(("a", os.urandom(1_000)))
    with pytest.raises(RequestTooLarge):
        await put(store, content, max_archive_bytes=500)
    stored = await put(store, content, max_archive_bytes=5_000)
    assert stored.archive_bytes == len(content)


async def test_code_that_nothing_refers_to_is_removed_after_the_grace(store, time):
    kept = await put(store, archive(("a", b"kept")))
    lost = await put(store, archive(("a", b"lost")))
    time.now_s += CODE_GRACE_S
    assert await keep_only(store, {kept.key}) == 1
    assert store.task_root(kept.key).exists()
    assert not store.archive(lost.key).parent.exists()


async def test_fresh_code_stays_though_no_version_refers_to_it_yet(tmp_path, time):
    store = FileCodeStore(tmp_path / "fresh", monotonic=time)

    async def race() -> tuple[int, int]:
        stored = await store.put(archive(("a", b"x")))
        at_once = await store.keep_only(set())
        assert store.task_root(stored.key).exists()
        time.now_s += CODE_GRACE_S
        return at_once, await store.keep_only(set())

    assert await race() == (0, 1)


async def test_putting_known_code_again_makes_it_fresh(tmp_path, time):
    store = FileCodeStore(tmp_path / "fresh", monotonic=time)
    content = archive(("a", b"x"))

    async def race() -> int:
        await store.put(content)
        time.now_s += CODE_GRACE_S
        await store.put(content)
        return await store.keep_only(set())

    assert await race() == 0


async def test_unfinished_work_of_a_killed_server_is_removed(store, tmp_path):
    leftover = tmp_path / "code" / "unfinished" / "tmpabc" / "task"
    leftover.mkdir(parents=True)
    (leftover / "half").write_bytes(b"written")
    assert await keep_only(store, set()) == 0
    assert not leftover.parent.exists()
    await store.swept()
    assert list((tmp_path / "code" / "leaving").iterdir()) == []


async def test_what_one_server_did_not_get_to_the_next_one_removes(store, tmp_path):
    left = tmp_path / "code" / "leaving" / "batch" / "7"
    left.mkdir(parents=True)
    (left / "file").write_bytes(b"x")
    await keep_only(store, set())
    await store.swept()
    assert list((tmp_path / "code" / "leaving").iterdir()) == []


async def test_new_code_does_not_wait_for_what_is_being_removed(store, time):
    begun, goes_on = threading.Event(), threading.Event()

    def slow(tree, **_options):
        begun.set()
        goes_on.wait(10)

    lost = [await put(store, archive(("a", b"%d" % number))) for number in range(3)]
    time.now_s += CODE_GRACE_S
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lambdad.storage.files.leaving.shutil.rmtree", slow)
        assert await keep_only(store, set()) == len(lost)
        await asyncio.to_thread(begun.wait, 10)
        assert not any(store.archive(one.key).exists() for one in lost)
        new = await asyncio.wait_for(put(store, archive(("a", b"new"))), 9)
        assert store.archive(new.key).exists()
        goes_on.set()
        await store.swept()


async def test_unpacking_does_not_run_on_the_loops_thread(store, monkeypatch):
    import threading

    from lambdad.storage.files import code_store

    names = []
    unpack = code_store.unpack
    monkeypatch.setattr(
        code_store, "unpack", lambda *args: (names.append(threading.current_thread().name), unpack(*args))[1]
    )
    await put(store, archive(("a", b"x")))
    assert [name.startswith("code-store") for name in names] == [True]
