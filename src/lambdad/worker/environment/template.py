"""An environment that is only there to be made into a snapshot: Init, before-snapshot hooks, image, end.

Before: `snapshots` asks for it, when a version is published or its snapshot was lost. After: environments are
`restored` from what came of it. It never sees an event, so nobody is offered it.
Source: spec of the Runtime API §6, SnapStart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from lambdad.domain.errors import LambdadError
from lambdad.domain.function import FunctionVersion
from lambdad.domain.limits import SNAPSHOT_TIMEOUT_S, TEMPLATE_CREDENTIALS_S
from lambdad.domain.outcome import Status
from lambdad.domain.platform_events import SNAP_START
from lambdad.domain.snap_start import InitFailed, NotOptimised
from lambdad.ports.worker import Environment
from lambdad.worker.environment import failures
from lambdad.worker.environment.environment import ExecutionEnvironment
from lambdad.worker.environment.journal import Journal
from lambdad.worker.environment.life import Surroundings
from lambdad.worker.environment.making import Making
from lambdad.worker.environment.states import EnvironmentState, move
from lambdad.worker.runtime_api import answers
from lambdad.worker.runtime_api.server import RuntimeConnection
from lambdad.worker.runtimes.starting import WRAPPER_VARIABLE
from lambdad.worker.sandbox.image import MemoryImage, SnapshotRefused

_S = EnvironmentState


@dataclass(frozen=True, slots=True)
class Template:
    """What environments are restored from.

    Attributes:
        variables: those its process was started with.
    """

    image: MemoryImage
    variables: Mapping[str, str]


class NoOwner:
    """Nobody waits for a template to take an event."""

    def environment_idle(self, environment: Environment) -> None:
        """It does not happen: a template is never offered."""

    def environment_gone(self, environment: Environment, reason: LambdadError | None) -> None:
        """What became of it is its `outcome`."""


class TemplateEnvironment(ExecutionEnvironment):
    """Initialises a version once.

    Attributes:
        outcome: what came of it.
    """

    __slots__ = ("_asked_to_restore", "outcome")
    _first_phase: ClassVar[str] = SNAP_START
    credentials_valid_s: ClassVar[float] = TEMPLATE_CREDENTIALS_S

    def __init__(
        self, environment_id: str, version: FunctionVersion, journal: Journal, surroundings: Surroundings
    ) -> None:
        self.outcome: asyncio.Future[Template | NotOptimised | InitFailed] = asyncio.Future()
        self._asked_to_restore = False
        journal.initialization_type = SNAP_START
        super().__init__(environment_id, version, NoOwner(), journal, surroundings)

    async def _start_in_order(self, making: Making, generation: int) -> None:
        """Refuse what runs beside the runtime or in its place before anything is started."""
        names = await making.extension_names()
        if not self._still_starts(generation):
            return
        if names:
            self._conclude(NotOptimised(f"it has external extensions ({', '.join(names)})"))
        elif (self.version.environment or {}).get(WRAPPER_VARIABLE):
            self._conclude(NotOptimised(f"{WRAPPER_VARIABLE} runs a program in place of the runtime"))
        else:
            await super()._start_in_order(making, generation)

    # --- init ------------------------------------------------------------------------------------

    def runtime_restore_next(self, connection: RuntimeConnection) -> bytes | None:
        """Init and its hooks are over, and the process waits to be restored."""
        if self._state is not _S.INIT or not self._can_restore() or self._asked_to_restore:
            return self._refused("RestoreReady")
        self._waiting = connection
        self._asked_to_restore = True
        self._came_up()
        return None

    def runtime_next(self, connection: RuntimeConnection) -> bytes | None:
        """A runtime that asks for events at once cannot be told that it was restored."""
        if self._state is not _S.INIT or not self._can_restore():
            return answers.NOT_FOUND
        self._init_over(Status.SUCCESS)
        self._conclude(NotOptimised("its runtime does not ask to be restored (restore/next)"))
        return None

    def _came_up(self) -> None:
        if not (self._asked_to_restore and self._output_is_read):
            return
        making = self._making
        if self._state is not _S.INIT or making is None:
            return
        self._cancel_timer()
        self._init_over(Status.SUCCESS)
        if self._extensions is not None:
            self._conclude(NotOptimised("an internal extension has registered during Init"))
            return
        self._state = move(self._state, _S.SNAPSHOT)
        self._spawn(self._snapshot(making), "snapshot")

    def _init_timed_out(self) -> None:
        self._timer = None
        self._init_over(Status.TIMEOUT)
        self._conclude(InitFailed("Sandbox.Timedout"))

    def _init_failed(self, failure: failures.InitFailure) -> None:
        self._init_over(Status.ERROR, failure.error_type)
        self._conclude(InitFailed(failure.error_type))

    # --- the snapshot ----------------------------------------------------------------------------

    async def _snapshot(self, making: Making) -> None:
        try:
            async with asyncio.timeout(SNAPSHOT_TIMEOUT_S):
                image = await making.sandbox.snapshot()
        except SnapshotRefused as refused:
            self._conclude(NotOptimised(str(refused)))
        except TimeoutError:
            self._conclude(NotOptimised(f"its memory could not be kept within {SNAPSHOT_TIMEOUT_S:g} s"))
        except (LambdadError, OSError) as error:
            self._conclude(NotOptimised(f"its memory could not be kept: {error}"))
        else:
            if self.outcome.done():  # it was ended meanwhile
                image.close()
            else:
                self._conclude(Template(image, making.given))

    def _conclude(self, outcome: Template | NotOptimised | InitFailed) -> None:
        if self.outcome.done():
            return
        if isinstance(outcome, NotOptimised):
            self._journal.snap_start_is_off(outcome.reason)
        self.outcome.set_result(outcome)
        self._end(None)

    def _end(self, reason: LambdadError | None) -> None:
        super()._end(reason)
        if not self.outcome.done():
            words = "its initialisation was ended" if reason is None else str(reason)
            self.outcome.set_result(NotOptimised(words))
