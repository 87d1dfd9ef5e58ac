"""Decides what is compiled when, and shows what is compiled to the functions it was made for.

After a create or update the trees of `$LATEST` are compiled in the background, one at a time. A function that
is started before (or after an update of the interpreter, or whose byte code got lost) compiles its code
itself, and its trees are compiled a moment later. What could not be compiled is not tried
again by this server.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.domain.function import FunctionVersion, LayerKeys
from lambdad.domain.limits import COMPILE_AFTER_START_S, MAX_WAITING_COMPILES
from lambdad.domain.scope import Scope
from lambdad.ports.code_store import CodeStore
from lambdad.worker.ahead.compiled_answers import CompileFailed
from lambdad.worker.ahead.compiling import Compiler, Tree
from lambdad.worker.runtimes.launch import COMPILED_PATH, RuntimeLaunch, Runtimes
from lambdad.worker.sandbox.plan import Mount

Find = Callable[[Scope, str], Awaitable[FunctionVersion | None]]
"""Reads `$LATEST` of a function."""

_TASK: Final = ("/var/task", "/var/compiled/task")
_LAYERS: Final = ("/opt", "/var/compiled/opt")
_MAX_KNOWN: Final = 50_000
"""Trees; with more all are looked up anew, each when it is next started."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A function whose trees are to be compiled.

    Attributes:
        started: the version that was started without byte code; None after a change, which is read when it is
            due.
        due: not before this time of the loop.
    """

    started: FunctionVersion | None
    due: float


class Ahead:
    """Has byte code made, and knows what has been made.

    Args:
        find: reads a changed function.
        after_start_s: seconds from the start of an environment that lacks byte code until it is made.
    """

    def __init__(
        self,
        compiler: Compiler,
        codes: CodeStore,
        runtimes: Runtimes,
        find: Find,
        *,
        after_start_s: float = COMPILE_AFTER_START_S,
    ) -> None:
        self._compiler = compiler
        self._codes = codes
        self._runtimes = runtimes
        self._find = find
        self._after_start_s = after_start_s
        self._known: dict[tuple[LayerKeys, str], bool] = {}
        self._waiting: dict[tuple[Scope, str], _Waiting] = {}
        self._task: asyncio.Task[None] | None = None

    def changed(self, scope: Scope, name: str) -> None:
        """What a function runs may be other than before: compile what is new, soon."""
        self._enqueue((scope, name), _Waiting(None, 0.0))

    async def with_byte_code(self, launch: RuntimeLaunch, version: FunctionVersion) -> RuntimeLaunch:
        """The launch with the byte code there is of the version's trees; nothing is waited for."""
        maker = launch.byte_code
        if maker is None:
            return launch
        mounts: list[Mount] = []
        path: list[str] = []
        for keys, (target, shown) in _trees(version):
            known = self._known.get((keys, maker))
            if known is None:
                known = await self._look(keys, maker)
            if known is None:
                due = asyncio.get_running_loop().time() + self._after_start_s
                self._enqueue((version.scope, f"{version.name}:{version.version}"), _Waiting(version, due))
            elif known and (place := self._compiler.store.place(keys, maker)).is_dir():
                mounts.append(Mount(place, shown))
                path += (target, shown)
        if not mounts:
            return launch
        env = {**launch.env, COMPILED_PATH: ":".join(path)}
        return replace(launch, mounts=(*launch.mounts, *mounts), env=env)

    async def idle(self) -> None:
        """Wait until nothing is left to be compiled."""
        while self._task is not None and not self._task.done():
            await asyncio.wait({self._task})

    async def close(self) -> None:
        """Stop; what is not compiled yet stays so until its function is started by the next server."""
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _enqueue(self, key: tuple[Scope, str], waiting: _Waiting) -> None:
        if len(self._waiting) < MAX_WAITING_COMPILES:
            self._waiting.setdefault(key, waiting)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="compile ahead")

    async def _look(self, keys: LayerKeys, maker: str) -> bool | None:
        """Whether an earlier server has made it; None when not."""
        found = await self._compiler.store.find(keys, maker)
        if found:
            self._known[keys, maker] = True
        return found or None

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            (scope, name), waiting = next(iter(self._waiting.items()))
            del self._waiting[scope, name]
            await asyncio.sleep(max(0.0, waiting.due - loop.time()))
            began = loop.time()
            try:
                await self._prepare(waiting.started or await self._find(scope, name))
            except Exception:  # noqa: BLE001 - the catalogue's, or ours: the next function has nothing to do with it
                _log.exception("code was not compiled ahead", extra={"event": "ahead.failed"})
            # As long as it worked it rests: at most half of one processor is ever spent on this.
            await asyncio.sleep(loop.time() - began)

    async def _prepare(self, version: FunctionVersion | None) -> None:
        if version is None or version.runtime is None:
            return
        try:
            launch = await asyncio.to_thread(self._runtimes.launch, version.runtime)
        except EnvironmentUnavailable:  # its environments say what is missing
            return
        maker = launch.byte_code
        if maker is None:
            return
        for keys, (target, _) in _trees(version):
            if (keys, maker) in self._known:
                continue
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            self._known[keys, maker] = False
            self._known[keys, maker] = await self._compile(keys, target, launch, maker)

    async def _compile(self, keys: LayerKeys, target: str, launch: RuntimeLaunch, maker: str) -> bool:
        try:
            if await self._compiler.store.find(keys, maker):
                return True
            root = await self._codes.layers_root(keys)
            return root is not None and await self._compiler.compile(Tree(keys, root, target), launch, maker)
        except (CompileFailed, EnvironmentUnavailable, OSError) as error:
            place = {"event": "ahead.failed", "code": "+".join(keys), "runtime": maker}
            _log.info("code was not compiled ahead: %s", error, extra=place)
            return False


def _trees(version: FunctionVersion) -> list[tuple[LayerKeys, tuple[str, str]]]:
    """The archives of each tree of a version, and where it and its byte code are shown."""
    trees: list[tuple[LayerKeys, tuple[str, str]]] = [((version.code_key,), _TASK)]
    if version.layers:
        trees.append((version.layer_keys, _LAYERS))
    return trees
