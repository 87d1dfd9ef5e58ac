"""Fills the data directory of a server that does not run, through the stores' own ports."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Awaitable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from lambdad.domain.function import LATEST, FunctionVersion, LoggingConfig, State, UpdateStatus
from lambdad.domain.scope import DEFAULT_ACCOUNT, Scope
from lambdad.ports.code_store import StoredCode
from lambdad.storage.data_dir import open_data_dir
from lambdad.storage.files.code_store import FileCodeStore
from lambdad.storage.sqlite.catalogue_sqlite import SqliteCatalogue

SCOPE = Scope(DEFAULT_ACCOUNT, "us-east-1")
_AT_ONCE = 500


def fill(folder: Path, functions: int, versions: int) -> None:
    """Put functions, each with its own code and that many published versions, into a new data directory."""
    asyncio.run(_fill(folder, functions, versions))


def name_of(number: int) -> str:
    """The name of a function, in the order of lists."""
    return f"scale-{number:06d}"


async def _fill(folder: Path, functions: int, versions: int) -> None:
    with open_data_dir(folder) as data_dir:
        catalogue, codes = SqliteCatalogue(data_dir.catalogue), FileCodeStore(data_dir.code)
        try:
            made = [_latest(number, await codes.put(archive(number))) for number in range(functions)]
            await _all(catalogue.create(latest, {"team": "bench"}) for latest in made)
            for number in range(1, versions + 1):
                await _all(catalogue.publish(_published(latest, number)) for latest in made)
        finally:
            await codes.close()
            catalogue.close()


async def _all(work: Iterable[Awaitable[bool]]) -> None:
    for batch in _batches(iter(work)):
        if not all(await asyncio.gather(*batch)):
            raise RuntimeError("the data directory was not empty")


def _batches(work: Iterator[Awaitable[bool]]) -> Iterator[list[Awaitable[bool]]]:
    while batch := list(islice(work, _AT_ONCE)):
        yield batch


def archive(number: int) -> bytes:
    """The code of a function, which answers its number."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        zipped.writestr("app.py", f"def handler(event, context):\n    return {number}\n")
    return buffer.getvalue()


def _latest(number: int, code: StoredCode) -> FunctionVersion:
    name = name_of(number)
    return FunctionVersion(
        scope=SCOPE,
        name=name,
        version=LATEST,
        role=f"arn:aws:iam::{DEFAULT_ACCOUNT}:role/bench",
        runtime="python3.12",
        handler="app.handler",
        timeout_s=30,
        memory_mib=512,
        ephemeral_mib=512,
        architecture="x86_64",
        environment={
            "STAGE": "bench",
            "TABLE": f"table-{number}",
            "QUEUE_URL": f"https://queue.example/{number}",
        },
        description=f"number {number}",
        code_sha256=code.sha256_base64,
        code_bytes=code.archive_bytes,
        code_key=code.key,
        logging=LoggingConfig("Text", f"/aws/lambda/{name}"),
        revision_id=f"00000000-0000-4000-8000-{number:012d}",
        last_modified="2026-11-23T03:05:20.123+0000",
        state=State.ACTIVE,
        update_status=UpdateStatus.SUCCESSFUL,
    )


def _published(latest: FunctionVersion, number: int) -> FunctionVersion:
    return replace(
        latest,
        version=str(number),
        revision_id=f"00000000-0000-4000-8{number:03d}-{latest.revision_id[-12:]}",
        published_from=f"{number:064x}",
    )
