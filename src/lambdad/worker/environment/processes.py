"""The processes of an environment: extensions first, then the runtime; and the news of their ends.

Before: the sandbox is made. After: `environment` sees them come up, `endings` ends them. What is started
again in the same sandbox is started the same way: nothing of the old processes is left by then.
"""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod

from lambdad.domain.errors import EnvironmentUnavailable, LambdadError
from lambdad.domain.limits import MAX_EXTENSIONS
from lambdad.worker.environment.extensions import Extension, Extensions
from lambdad.worker.environment.life import Life
from lambdad.worker.environment.making import Making
from lambdad.worker.environment.states import STARTING
from lambdad.worker.sandbox.plan import RUNTIME, ExitStatus

_log = logging.getLogger("lambdad.environment")


class Processes(Life):
    """An environment whose processes can be started, and which hears of their ends."""

    __slots__ = ("_ended", "_generation", "_init_started", "_output_is_read", "_running")
    # _generation: how often processes were started; _running: names of those that have not ended.

    def _prepare(self) -> None:
        """Fields of a place in which nothing was started yet."""
        self._ended = asyncio.Event()
        self._generation = 0
        self._init_started = 0.0
        self._output_is_read = False
        self._running: set[str] = set()

    async def _start_processes(self, making: Making) -> None:
        """Start everything; whatever goes wrong ends the environment, unless it has ended before."""
        self._generation += 1
        generation = self._generation
        self._init_started = self._surroundings.clock.monotonic()
        self._output_is_read = False
        self._waiting = None
        self._extensions = None
        self._forget_reports()
        try:
            await self._start_in_order(making, generation)
        except LambdadError as error:
            if generation == self._generation and self._state in STARTING:
                self._end(error)
        except Exception:  # noqa: BLE001 - whatever fails here is logged and answered as our fault
            _log.exception("starting an environment failed", extra={"event": "environment.failed"})
            self._end(EnvironmentUnavailable("the environment could not be started; the log says why"))

    async def _start_in_order(self, making: Making, generation: int) -> None:
        making.renew_credentials()
        names = await making.extension_names()
        if not self._still_starts(generation):
            return
        if len(names) > MAX_EXTENSIONS:
            self._init_broken("TooManyExtensions", f"Extension limit ({MAX_EXTENSIONS}) reached")
            return
        if names:
            extensions = self._extensions = Extensions(self.version, names, self)
            for name in names:
                await self._start_extension(making, name)
            await extensions.registered.wait()
            if not self._still_starts(generation):
                return
        await self._start_runtime(making)
        if self._still_starts(generation):
            self._output_is_read = True
            self._came_up()

    async def _start_runtime(self, making: Making) -> None:
        self._running.add(RUNTIME)
        try:
            await making.start(lambda status: self._exited(RUNTIME, status), self._journal)
        except BaseException:
            self._running.discard(RUNTIME)
            raise

    async def _start_extension(self, making: Making, name: str) -> None:
        process = making.extension_process(name)
        self._running.add(process)
        try:
            await making.start_extension(name, lambda status: self._exited(process, status), self._journal)
        except BaseException:
            self._running.discard(process)
            raise

    def _still_starts(self, generation: int) -> bool:
        return generation == self._generation and self._state in STARTING

    def _exited(self, process: str, status: ExitStatus) -> None:
        """A process has ended: on its own account, or because it was killed."""
        self._running.discard(process)
        self._ended.set()
        extensions = self._extensions
        if process == RUNTIME:
            self._runtime_exited(status)
        elif extensions is not None:
            name = process.partition(":")[2]
            if status.error is not None:
                extensions.launch_failed(name)
            self._extension_exited(extensions.exited(name), status)

    async def _all_ended(self, processes: set[str] | None, within_s: float) -> bool:
        """Whether these processes (all: None) have ended within the time."""
        try:
            async with asyncio.timeout(within_s):
                while self._running if processes is None else self._running & processes:
                    self._ended.clear()
                    await self._ended.wait()
        except TimeoutError:
            return False
        return True

    # --- what the parts above do with it ---------------------------------------------------------

    @abstractmethod
    def _forget_reports(self) -> None: ...

    @abstractmethod
    def _came_up(self) -> None: ...

    @abstractmethod
    def _init_broken(self, error_type: str, words: str) -> None: ...

    @abstractmethod
    def _runtime_exited(self, status: ExitStatus) -> None: ...

    @abstractmethod
    def _extension_exited(self, extension: Extension, status: ExitStatus) -> None: ...

    @abstractmethod
    def _end(self, reason: LambdadError | None) -> None: ...

    @abstractmethod
    def extension_progress(self) -> None:
        """See `extensions.ExtensionsOwner`."""
