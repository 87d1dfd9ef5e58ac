"""The processes of one sandbox that were asked for: by name, and by the place where pid 1 keeps them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.sandbox.helper import HelperGone
from lambdad.worker.sandbox.launcher.first.machine import MOST_PLACES
from lambdad.worker.sandbox.plan import ExitStatus

OnExit = Callable[[ExitStatus], None]
_TOLD_BYTES: Final = 8


@dataclass(slots=True, eq=False)
class KnownProcess:
    """A process from the request to start it until its end.

    Attributes:
        place: of pid 1's, where it is until its end.
        started: done when it was executed: with what exec said, or None.
        on_exit: None once nobody is to be told any more.
        oom_kills: of the sandbox, before it was started.
        told: descriptor on which it tells what went wrong, or ends; -1 once it has.
        is_executed: whether it says nothing when all is well, as exec closes its end; otherwise it says 0.
    """

    name: str
    place: int
    started: asyncio.Future[str | None]
    on_exit: OnExit | None
    oom_kills: int
    told: int
    is_executed: bool


class Processes:
    """Those that run or are to."""

    __slots__ = ("_by_name", "_by_place", "_loop")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._by_name: dict[str, KnownProcess] = {}
        self._by_place: dict[int, KnownProcess] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def get(self, name: str) -> KnownProcess | None:
        """The one of this name, unless it has ended."""
        return self._by_name.get(name)

    def add(
        self, name: str, on_exit: OnExit, oom_kills: int, place: int | None = None
    ) -> tuple[KnownProcess, int]:
        """One that is to be started; with the descriptor on which it tells how that went, the caller's.

        Raises:
            EnvironmentUnavailable: too many run.
        """
        is_executed = place is None
        if place is None:
            place = next((one for one in range(MOST_PLACES) if one not in self._by_place), None)
        if place is None:
            raise EnvironmentUnavailable(f"no more than {MOST_PLACES} processes are started in a sandbox")
        told, tell = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        known = KnownProcess(name, place, self._loop.create_future(), on_exit, oom_kills, told, is_executed)
        self._by_name[name] = self._by_place[place] = known
        self._loop.add_reader(told, self._hear, known)
        return known, tell

    def forget(self, known: KnownProcess) -> None:
        """It was not even forked."""
        self._free_name(known)
        self._by_place.pop(known.place, None)
        self._close(known)

    def ended(self, place: int, status: int, oom_kills: Callable[[], int]) -> None:
        """Pid 1 tells of an end, with the status of wait(2)."""
        known = self._by_place.pop(place, None)
        if known is None:
            return
        self._hear(known)  # in case its end is known first
        if not known.started.done():
            known.started.set_result("it ended at once")
            self._free_name(known)
        if self._by_name.get(known.name) is not known:
            return  # it was not even executed
        del self._by_name[known.name]
        killed = os.WIFSIGNALED(status)
        self._tell(
            known,
            ExitStatus(
                None if killed else os.WEXITSTATUS(status),
                os.WTERMSIG(status) if killed else None,
                oom_killed=oom_kills() > known.oom_kills,
            ),
        )

    def refuse(self, why: str) -> None:
        """Whoever has not begun never will."""
        for known in list(self._by_name.values()):
            if not known.started.done():
                known.started.set_exception(EnvironmentUnavailable(why))
                known.started.exception()  # told, even when nobody waits any more
                self.forget(known)

    def lose(self) -> None:
        """Pid 1 is gone, and with it all of them."""
        self._by_place.clear()
        while self._by_name:
            _, known = self._by_name.popitem()
            self._close(known)
            if known.started.done():
                self._tell(known, ExitStatus(None, signal.SIGKILL))
            else:
                known.started.set_exception(HelperGone())
                known.started.exception()  # told, even when nobody waits any more

    def _hear(self, known: KnownProcess) -> None:
        """The other end was closed by exec, or tells what exec said, or its holder is dead."""
        if known.told < 0:
            return
        try:
            words = os.read(known.told, _TOLD_BYTES)
        except BlockingIOError:  # another one still holds it
            words = b""
        self._close(known)
        if not words and not known.is_executed:
            return  # it was not even forked, or has died: that is told, too
        number = -int.from_bytes(words, "little", signed=True)
        error = os.strerror(number).lower() if number else None
        if error is not None:
            self._free_name(known)
        if not known.started.done():
            known.started.set_result(error)

    def _free_name(self, known: KnownProcess) -> None:
        if self._by_name.get(known.name) is known:
            del self._by_name[known.name]

    def _close(self, known: KnownProcess) -> None:
        if known.told >= 0:
            self._loop.remove_reader(known.told)
            os.close(known.told)
            known.told = -1

    def _tell(self, known: KnownProcess, status: ExitStatus) -> None:
        on_exit, known.on_exit = known.on_exit, None
        if on_exit is not None:
            self._loop.call_soon(on_exit, status)
