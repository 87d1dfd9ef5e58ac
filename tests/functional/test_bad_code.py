"""Archives that no function can be made of: AWS's error, nothing left behind, the server stays up."""

from __future__ import annotations

import io
import os
import stat
import struct
import uuid
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from calling import call

from tests.running import ROLE, Server, start_server, zip_of

MIB = 1024 * 1024
HANDLER = "def handler(event, context):\n    return 'up'\n"
UNREADABLE = "Could not unzip uploaded file. Please check your file, then try to upload again."
TOO_BIG = "Unzipped size must be smaller than 262144000 bytes"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this file's own, whose memory and disk can be looked at."""
    started = start_server(tmp_path_factory.mktemp("bad-code") / "data")
    yield started
    started.stop()


@pytest.fixture(scope="module")
def good(server: Server) -> str:
    """A function that must go on working."""
    return server.function({"app.py": HANDLER})


@pytest.fixture(autouse=True)
def _up_and_clean(server: Server, good: str) -> Iterator[None]:
    before = stored(server)
    yield
    assert call(server, good).body == "up"
    assert stored(server) == before


def stored(server: Server) -> set[str]:
    """Everything in the code store, unfinished work included."""
    root = Path(server.data_dir) / "code"
    return {str(path) for pattern in ("??/*", "unfinished/*") for path in root.glob(pattern)}


def refused(server: Server, archive: bytes) -> tuple[str, str, int]:
    """How a create and an update with this archive are refused: (code, message, status)."""
    client = server.client()
    name = f"bad-{uuid.uuid4().hex[:8]}"
    with pytest.raises(ClientError) as error:
        client.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Handler="app.handler",
            Role=ROLE,
            Code={"ZipFile": archive},
        )
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function(FunctionName=name)
    response = error.value.response
    found = response["Error"]
    return found["Code"], found["Message"], response["ResponseMetadata"]["HTTPStatusCode"]


def with_entry(name: str, content: bytes = b"x", mode: int = 0o644 | stat.S_IFREG) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", HANDLER)
        info = zipfile.ZipInfo(name)
        info.create_system = 3
        info.external_attr = mode << 16
        archive.writestr(info, content)
    return buffer.getvalue()


def lying_bomb(claimed: int) -> bytes:
    """An entry that says it is small and unpacks to 1 GiB."""
    made = zlib.compressobj(9, zlib.DEFLATED, -15)
    chunk = bytes(MIB)
    data = b"".join(made.compress(chunk) for _ in range(1024)) + made.flush()
    head = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 0, 0, len(data), claimed, 4, 0) + b"bomb"
    central = struct.pack(
        "<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 0, 0, len(data), claimed, 4, 0, 0, 0, 0, 0, 0
    )
    central += b"bomb"
    start = len(head) + len(data)
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, len(central), start, 0)
    return head + data + central + end


@pytest.fixture(scope="module")
def zeros() -> bytes:
    """A small archive that honestly says it holds 300 MiB."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("zeros", "w") as file:
        for _ in range(300):
            file.write(bytes(MIB))
    return buffer.getvalue()


BROKEN = {
    "no zip at all": b"this is no zip file",
    "cut off": zip_of({"app.py": HANDLER * 100})[:-30],
    "damaged data": bytes(
        byte ^ 0xFF if 40 < at < 60 else byte for at, byte in enumerate(zip_of({"app.py": HANDLER * 9}))
    ),
    "path out of the tree": with_entry("../../outside"),
    "hidden path out of the tree": with_entry("a/../../outside"),
    "absolute path": with_entry("/tmp/outside"),
    "absolute symlink": with_entry("link", b"/etc/passwd", 0o777 | stat.S_IFLNK),
    "symlink out of the tree": with_entry("link", b"../../../../etc/passwd", 0o777 | stat.S_IFLNK),
    "device": with_entry("device", b"", 0o666 | stat.S_IFCHR),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_zip_that_cannot_be_unpacked_is_refused_in_awss_words(server: Server, kind: str) -> None:
    assert refused(server, BROKEN[kind]) == ("InvalidParameterValueException", UNREADABLE, 400)
    assert not Path("/tmp/outside").exists()
    assert not list(Path(server.data_dir).rglob("outside"))


def test_an_empty_upload_is_refused(server: Server) -> None:
    code, message, status = refused(server, b"")
    assert (code, status) == ("InvalidParameterValueException", 400)
    assert message == "Uploaded file must be a non-empty zip"


def test_more_than_250_mib_unzipped_is_refused(server: Server, zeros: bytes) -> None:
    assert len(zeros) < MIB
    assert refused(server, zeros) == ("InvalidParameterValueException", TOO_BIG, 400)


def test_a_bomb_that_lies_about_its_size_costs_neither_memory_nor_disk(server: Server) -> None:
    bomb = lying_bomb(claimed=1000)
    assert len(bomb) < 2 * MIB
    before = peak_kib(server.process.pid)
    code, message, status = refused(server, bomb)
    assert (code, status) == ("InvalidParameterValueException", 400)
    assert message in (UNREADABLE, TOO_BIG)
    assert peak_kib(server.process.pid) - before < 32 * 1024


def peak_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def test_an_upload_over_50_mib_is_refused(server: Server) -> None:
    archive = zip_stored(os.urandom(52_428_800))
    code, message, status = refused(server, archive)
    assert (code, status) == ("RequestEntityTooLargeException", 413)
    assert message == "Zipped size must be smaller than 52428800 bytes"


def test_a_request_over_70_mb_is_refused(server: Server) -> None:
    code, message, status = refused(server, bytes(53_000_000))
    assert (code, status) == ("RequestEntityTooLargeException", 413)
    assert "70167211" in message


def zip_stored(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("big", content)
    return buffer.getvalue()


def test_an_update_with_a_broken_zip_leaves_the_old_code_running(server: Server, good: str) -> None:
    with pytest.raises(ClientError, match="Could not unzip uploaded file"):
        server.client().update_function_code(FunctionName=good, ZipFile=b"PK no zip")
    found = server.client().get_function_configuration(FunctionName=good)
    assert (found["State"], found["LastUpdateStatus"]) == ("Active", "Successful")
