"""Finds the key that secrets are sealed with: by a command, in the data directory, or made for one run."""

from __future__ import annotations

import asyncio
import os
import shlex
from contextlib import suppress

from lambdad.domain.errors import LambdadError
from lambdad.identity.sealing import KEY_BYTES
from lambdad.storage.data_dir import DataDir
from lambdad.storage.files.key_file import KEY_FILE, read_key, write_key

_WITHIN_S = 30.0
_MOST_BYTES = 4_096


class KeyRefused(LambdadError):
    """There is no key to seal with, or not the one that was sealed with."""


async def sealing_key(data_dir: DataDir, key_command: str | None, *, is_new: bool) -> bytes:
    """The key.

    Args:
        data_dir: where the key file is, when no command is set.
        key_command: prints the key; None for the key file.
        is_new: whether nothing that counts is sealed, so that a key may be made.

    Raises:
        KeyRefused: the command fails or prints no key, or the key file is missing.
        StorageRefused: the key file cannot be used.
    """
    if key_command is not None:
        return await _printed(key_command)
    if data_dir.in_memory:
        return os.urandom(KEY_BYTES)
    path = data_dir.path / KEY_FILE
    key = read_key(path)
    if key is None and not is_new:
        raise KeyRefused(
            f"{path} is missing, and secrets are sealed with it: put back the file of the server that sealed "
            "them, or go on without these access keys and sessions: lambdad auth forget-keys"
        )
    return key or write_key(path)


async def _printed(key_command: str) -> bytes:
    try:
        program, *arguments = shlex.split(key_command)
        process = await asyncio.create_subprocess_exec(
            program, *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
        )
    except (OSError, ValueError) as error:
        raise KeyRefused(f"key_command cannot be run: {error}") from error
    try:
        async with asyncio.timeout(_WITHIN_S):
            output = await _read(process)
            status = await process.wait()
    except TimeoutError:
        await _killed(process)
        raise KeyRefused(f"key_command did not end within {_WITHIN_S:.0f} s") from None
    if status:
        raise KeyRefused(f"key_command failed with status {status}")
    key = output.strip()
    if len(key) < KEY_BYTES:
        raise KeyRefused(f"key_command printed less than {KEY_BYTES} characters")
    return key


async def _read(process: asyncio.subprocess.Process) -> bytes:
    """All it prints.

    Raises:
        KeyRefused: more than any key has.
    """
    output = b""
    while process.stdout is not None and (piece := await process.stdout.read(_MOST_BYTES)):
        output += piece
        if len(output) > _MOST_BYTES:
            await _killed(process)
            raise KeyRefused(f"key_command printed more than {_MOST_BYTES} characters")
    return output


async def _killed(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.communicate()  # a process is not gone for asyncio until its pipe has been read
