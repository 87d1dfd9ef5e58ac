"""Makes the byte code of one tree, in a sandbox of its own: the sources are as hostile as what they say.

Order: what can be compiled is listed, the sandbox is made with the tree in it, the interpreter compiles
there, and the server writes what comes out. Whatever fails on the way, nothing is kept.
"""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lambdad.domain.function import LayerKeys
from lambdad.domain.limits import (
    COMPILE_CPU_S,
    COMPILE_MEMORY_BYTES,
    COMPILE_WITHIN_S,
    MAX_COMPILED_BYTES,
    MAX_COMPILED_FILE_BYTES,
    MAX_COMPILED_SOURCE_BYTES,
    MIB,
    MIN_COMPILED_SOURCE_BYTES,
)
from lambdad.ports.compiled_store import CompiledDraft, CompiledStore
from lambdad.worker.ahead.compiled_answers import Answers, CompileFailed
from lambdad.worker.runtimes.launch import RuntimeLaunch
from lambdad.worker.sandbox.plan import (
    ExitStatus,
    Limits,
    Mount,
    ProcessPlan,
    Sandbox,
    SandboxFactory,
    SandboxPlan,
)

_PROGRAM: Final = Path(__file__).with_name("compile_program.py").read_text(encoding="utf-8")
_LIBRARIES: Final = "/var/lang/lib"
_RECV_BYTES: Final = 256 * 1024
_LIMITS: Final = Limits(
    memory_bytes=COMPILE_MEMORY_BYTES + COMPILE_MEMORY_BYTES // 4,
    vcpus=1.0,
    processes=4,
    open_files=64,
    tmp_bytes=MIB,
)


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree of code as functions see it.

    Attributes:
        keys: the archives it is made of.
        root: on this host.
        target: where functions have it.
    """

    keys: LayerKeys
    root: Path
    target: str


@dataclass(frozen=True, slots=True)
class Compiler:
    """Makes byte code in sandboxes of one tier.

    Attributes:
        within_s: seconds for one tree.
    """

    factory: SandboxFactory
    store: CompiledStore
    within_s: float = COMPILE_WITHIN_S

    async def compile(self, tree: Tree, launch: RuntimeLaunch, maker: str) -> bool:
        """Make and keep the byte code of a tree; False when there is too little to be worth it.

        Raises:
            CompileFailed: there is none to be had; nothing is kept.
            EnvironmentUnavailable: the host cannot make the sandbox.
            OSError: the disk is full or broken, or the tree is gone.
        """
        sources = await self.store.sources(tree.root)
        if sources.total_bytes < MIN_COMPILED_SOURCE_BYTES:
            return False
        draft = await self.store.begin(tree.keys, maker)
        try:
            async with asyncio.timeout(self.within_s):
                written = await self._in_sandbox(tree, launch, sources.names, draft)
            if written:
                await draft.keep()
        except TimeoutError as error:
            raise CompileFailed(f"it took over {self.within_s:g} s") from error
        finally:
            await draft.drop()
        return written > 0

    async def _in_sandbox(
        self, tree: Tree, launch: RuntimeLaunch, names: tuple[str, ...], draft: CompiledDraft
    ) -> int:
        sandbox = await self.factory.create(
            SandboxPlan(
                sandbox_id=f"compile-{os.urandom(8).hex()}",
                mounts=(Mount(tree.root, tree.target), *launch.mounts),
                limits=_LIMITS,
                listen=(),
                outbound=False,
            )
        )
        try:
            channel = await _start(sandbox, tree, launch)
            try:
                return await _converse(channel, names, draft)
            finally:
                channel.close()
        finally:
            await sandbox.destroy()


async def _start(sandbox: Sandbox, tree: Tree, launch: RuntimeLaunch) -> socket.socket:
    bounds = (
        *(COMPILE_CPU_S, COMPILE_MEMORY_BYTES),
        *(MAX_COMPILED_SOURCE_BYTES, MAX_COMPILED_FILE_BYTES, MAX_COMPILED_BYTES),
    )
    process = await sandbox.start(
        ProcessPlan(
            argv=(launch.argv[0], "-I", "-S", "-c", _PROGRAM, tree.target, *map(str, bounds)),
            env={"LANG": "C.UTF-8", "LD_LIBRARY_PATH": sandbox.inside(_LIBRARIES)},
            cwd="/",
        ),
        _ended,
    )
    os.close(process.output)
    if process.channel is None:
        raise CompileFailed("it has no channel")
    return process.channel


def _ended(_status: ExitStatus) -> None:
    """Its channel tells as much."""


async def _converse(channel: socket.socket, names: tuple[str, ...], draft: CompiledDraft) -> int:
    """Send the names and write what is answered; the number of files."""
    loop = asyncio.get_running_loop()
    answers = Answers(names)
    written = 0
    try:
        await loop.sock_sendall(channel, b"\0".join(map(os.fsencode, names)) + b"\0\0")
        while not answers.ended:
            data = await loop.sock_recv(channel, _RECV_BYTES)
            if not data:
                raise CompileFailed("the compiling process ended early")
            files = answers.feed(data)
            if files:
                await draft.add(files)
                written += len(files)
    except ConnectionError as error:
        raise CompileFailed("the compiling process ended early") from error
    return written
