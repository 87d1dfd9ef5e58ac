"""How an environment's processes end: reset (the sandbox stays), shutdown (told), end (at once).

Extensions are told and given their time; without any, everything is killed at once. Whoever waits for an
answer has it before: an ending is nobody's waiting time but that of the next event for this sandbox.
Source: spec of the Runtime API §6.
"""

from __future__ import annotations

import asyncio
import signal
from abc import abstractmethod

from lambdad.domain.errors import LambdadError
from lambdad.domain.invocation import Invocation
from lambdad.domain.limits import END_WITHIN_S, MIB, TMP_MEMORY_SHARE
from lambdad.worker.environment.making import Making
from lambdad.worker.environment.processes import Processes
from lambdad.worker.environment.shutdown_budget import ShutdownBudget, ShutdownReason, budget
from lambdad.worker.environment.states import RUNNING, EnvironmentState, move
from lambdad.worker.sandbox.plan import RUNTIME

_S = EnvironmentState
_FLUSH_SHARE = 0.25
"""Of the extensions' time: longer a subscriber that does not take its telemetry is not waited for."""


class Endings(Processes):
    """An environment that can be reset and ended."""

    __slots__ = ()

    # --- reset -----------------------------------------------------------------------------------

    def _begin_reset(self, reason: ShutdownReason) -> None:
        """Shut the processes down and keep the sandbox; nothing of them runs behind the answer.

        With extensions the runtime has its part of the Shutdown phase first, as on AWS.
        """
        making = self._making
        if making is None:
            self._end(None)
            return
        self._thaw()
        self._state = move(self._state, _S.RESETTING)
        self._cancel_timer()
        self._waiting = self._answerable = None
        if self._extensions is not None:
            self._extensions.abandon()
        if self._budget().is_immediate:
            making.sandbox.kill()
        self._spawn(self._reset(making, reason), "reset")

    async def _reset(self, making: Making, reason: ShutdownReason) -> None:
        ended = await self._shut_down(making, reason) and await _is_swept(making)
        if self._state is not _S.RESETTING:
            return
        if not ended or (self._current is None and self._is_full(making)):
            self._end(None)
            return
        self._state = move(self._state, _S.BARE)
        self._extensions = None
        self._close_telemetry()
        self._is_bare()

    def _is_full(self, making: Making) -> bool:
        """Whether `/tmp`, which stays, takes so much of the memory that what starts may run out of it.

        On AWS it takes none; here such an environment is not used again, or no event of it would succeed.
        """
        try:
            held = making.sandbox.tmp_memory_bytes()
        except OSError:  # its control group is just going
            return True
        return held > self.version.memory_mib * MIB * TMP_MEMORY_SHARE

    def _budget(self) -> ShutdownBudget:
        extensions = self._extensions
        return budget(external=0, internal=0) if extensions is None else extensions.budget()

    async def _shut_down(self, making: Making, reason: ShutdownReason) -> bool:
        """End all processes, each told as it asked for; False when one does not die."""
        extensions, limits = self._extensions, self._budget()
        sandbox, clock = making.sandbox, self._surroundings.clock
        if extensions is not None and not limits.is_immediate:
            began = clock.monotonic()
            if RUNTIME in self._running:
                sandbox.signal(RUNTIME, signal.SIGTERM)
                if not await self._all_ended({RUNTIME}, limits.runtime_s):
                    sandbox.signal(RUNTIME, signal.SIGKILL)
            left_s = max(0.0, limits.total_s - (clock.monotonic() - began))
            if self._telemetry is not None:  # what was told of the end, before whoever hears it ends
                await self._telemetry.flush(asyncio.get_running_loop().time() + left_s * _FLUSH_SHARE)
            left_s = max(0.0, limits.total_s - (clock.monotonic() - began))
            for name in extensions.shut_down(reason, int((clock.now() + left_s) * 1000)):
                process = making.extension_process(name)
                if process in self._running:
                    sandbox.signal(process, signal.SIGKILL)
            await self._all_ended(None, left_s)
        sandbox.kill()
        return await self._all_ended(None, END_WITHIN_S)

    # --- end -------------------------------------------------------------------------------------

    def retire(self) -> None:
        """End it; it runs no event. Its extensions are told."""
        self._end_softly()

    def stop(self) -> None:
        """End it now, settling a running event (the server stops at once). Its extensions are told."""
        self._end_softly()

    def _end_softly(self) -> None:
        making = self._making
        if making is None or self._state not in RUNNING or self._budget().is_immediate:
            self._end(None)
            return
        self._thaw()
        self._state = move(self._state, _S.SHUTDOWN)
        self._cancel_timer()
        self._waiting = None
        if self._extensions is not None:
            self._extensions.abandon()
        self._settle_as_crash()
        self._surroundings.forget(self)
        self._owner.environment_gone(self, None)
        self._spawn(self._shut_down_and_leave(making), "shut down")

    async def _shut_down_and_leave(self, making: Making) -> None:
        await self._shut_down(making, ShutdownReason.SPINDOWN)
        if self._state is _S.SHUTDOWN:
            self._state = move(self._state, _S.GONE)
            self._gone.set()
            await self._remove(making)

    def _end(self, reason: LambdadError | None) -> None:
        """End it now, whatever it is doing; a running event is settled as a crash would."""
        state = self._state
        if state is _S.GONE:
            return
        making = self._making
        if making is not None:
            making.sandbox.kill()
        self._state = move(state, _S.GONE)
        self._gone.set()
        self._cancel_timer()
        if self._extensions is not None:
            self._extensions.abandon()
        self._settle_as_crash()
        if state is not _S.SHUTDOWN:
            self._surroundings.forget(self)
            self._owner.environment_gone(self, reason)
        if making is not None:
            self._spawn(self._remove(making), "remove")

    # --- freezing --------------------------------------------------------------------------------

    def freeze(self) -> None:
        """Stop all processes until the next event, if it is still idle."""
        making = self._making
        if self._state is _S.IDLE and making is not None and making.sandbox.freeze():
            self._state = move(self._state, _S.FROZEN)
            if self._telemetry is not None:
                self._telemetry.pause()

    def _thaw(self) -> None:
        if self._state is _S.FROZEN and self._making is not None:
            self._making.sandbox.thaw()
            if self._telemetry is not None:
                self._telemetry.resume()

    # --- what the parts above do with it ---------------------------------------------------------

    @abstractmethod
    def run(self, invocation: Invocation) -> None:
        """See `ports.worker.Environment`."""

    @abstractmethod
    def _is_bare(self) -> None: ...

    @abstractmethod
    def _settle_as_crash(self) -> None: ...


async def _is_swept(making: Making) -> bool:
    """Whether what the processes left is killed, too: it could ask for events like the next runtime."""
    try:
        async with asyncio.timeout(END_WITHIN_S):
            await making.killed()
    except (LambdadError, TimeoutError):
        return False
    return True
