"""The snapshots of published versions: made, lent to environments that start, dropped.

Before: the control plane publishes a version; `host` starts environments. A snapshot lives in the server's
memory, so after a restart there is none: the first environment of such a version starts as without SnapStart,
and a new snapshot is made beside it, one at a time. The same happens when the sandboxes of today do not take
an old one, and when the memory for all of them was used up and the one unused for longest was dropped.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from lambdad.domain.function import FunctionVersion
from lambdad.domain.limits import MIB, SNAPSHOT_INITS, SNAPSHOT_RETRY_S
from lambdad.domain.scope import Scope
from lambdad.domain.snap_start import InitFailed, NotOptimised, Optimisation, Optimised
from lambdad.ports.clock import Clock
from lambdad.worker.environment.template import Template, TemplateEnvironment
from lambdad.worker.runtimes.identifiers import BY_NAME, Language
from lambdad.worker.sandbox.image import MemoryImage

StartTemplate = Callable[[FunctionVersion], TemplateEnvironment]
Key = tuple[Scope, str, str]
"""Scope, function name, version."""
_log = logging.getLogger("lambdad.snapshots")


class Snapshot:
    """A template of a version, open as long as it is kept or lent."""

    def __init__(self, template: Template, version: FunctionVersion) -> None:
        self.template = template
        self.version = version
        self.size_bytes = template.image.size_bytes
        self._lent = 0
        self._is_kept = True

    def lend(self) -> None:
        """One more restores from it."""
        self._lent += 1

    def take_back(self) -> None:
        """One less."""
        self._lent -= 1
        self._close_if_unused()

    def drop(self) -> None:
        """It is not kept any more."""
        if self._is_kept:
            self._is_kept = False
            self._close_if_unused()

    def _close_if_unused(self) -> None:
        if not self._is_kept and not self._lent:
            self.template.image.close()


class SnapshotLoan:
    """Implements `restored.Loan`."""

    def __init__(self, snapshot: Snapshot, useless: Callable[[Snapshot, str], None]) -> None:
        self._snapshot = snapshot
        self._useless = useless
        self._is_out = True
        snapshot.lend()

    @property
    def image(self) -> MemoryImage:
        """See `restored.Loan`."""
        return self._snapshot.template.image

    @property
    def variables(self) -> Mapping[str, str]:
        """See `restored.Loan`."""
        return self._snapshot.template.variables

    def give_back(self) -> None:
        """See `restored.Loan`."""
        if self._is_out:
            self._is_out = False
            self._snapshot.take_back()

    def is_useless(self, why: str) -> None:
        """See `restored.Loan`."""
        self._useless(self._snapshot, why)


class _Making:
    """A snapshot that is being made; it is wanted as long as it is the one of its version."""

    def __init__(self) -> None:
        self.environment: TemplateEnvironment | None = None

    def stop(self) -> None:
        """Nobody wants it any more."""
        if self.environment is not None:
            self.environment.stop()


class Snapshots:
    """Every snapshot on this host; implements `ports.snapshots.SnapshotMaker`.

    Args:
        start: begins to make a template.
        clock: for pauses.
        budget_bytes: of memory, for all snapshots together.
    """

    def __init__(self, start: StartTemplate, clock: Clock, budget_bytes: int) -> None:
        self._start = start
        self._clock = clock
        self._budget_bytes = budget_bytes
        self._kept: dict[Key, Snapshot] = {}  # the one unused for longest first
        self._in_making: dict[Key, _Making] = {}
        self._paused_until: dict[Key, float] = {}
        self._at_once = asyncio.Semaphore(SNAPSHOT_INITS)
        self._beside = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def count(self) -> int:
        """How many are kept."""
        return len(self._kept)

    @property
    def size_bytes(self) -> int:
        """What they take of memory."""
        return sum(one.size_bytes for one in self._kept.values())

    def kept(self) -> list[FunctionVersion]:
        """The versions of which one is kept."""
        return [snapshot.version for snapshot in self._kept.values()]

    async def optimise(self, version: FunctionVersion) -> Optimisation:
        """See `ports.snapshots.SnapshotMaker`."""
        runtime = BY_NAME.get(version.runtime or "")
        if runtime is None or runtime.language is not Language.PYTHON:
            return NotOptimised(f"lambdad makes snapshots of Python runtimes only, not of {version.runtime}")
        key = _key(version)
        making = self._in_making[key] = _Making()
        try:
            async with self._at_once:
                outcome = await self._template(version, making)
            if isinstance(outcome, Template):
                self._keep(version, outcome, is_wanted=self._in_making.get(key) is making)
                return Optimised()
        finally:
            self._is_made(key, making)
        _tell(version, outcome)
        return outcome

    def forget(self, scope: Scope, name: str, version: str | None = None) -> None:
        """See `ports.snapshots.SnapshotMaker`."""
        known = {*self._kept, *self._in_making, *self._paused_until}
        for key in [one for one in known if one[:2] == (scope, name) and version in (None, one[2])]:
            self._drop(key)
            making = self._in_making.pop(key, None)
            if making is not None:
                making.stop()
            self._paused_until.pop(key, None)

    def borrow(self, version: FunctionVersion) -> SnapshotLoan | None:
        """The snapshot of a version to restore from; None when there is none now (one may be made beside)."""
        if not version.is_optimised:
            return None
        key = _key(version)
        snapshot = self._kept.pop(key, None)
        if snapshot is None:
            self._make_again(version)
            return None
        self._kept[key] = snapshot  # used last
        return SnapshotLoan(snapshot, lambda useless, why: self._is_useless(version, useless, why))

    async def close(self) -> None:
        """Drop all of them: the server ends."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for key in list(self._kept):
            self._drop(key)

    # --- making ----------------------------------------------------------------------------------

    async def _template(
        self, version: FunctionVersion, making: _Making
    ) -> Template | NotOptimised | InitFailed:
        if self._in_making.get(_key(version)) is not making:
            return NotOptimised("it has been deleted")
        environment = making.environment = self._start(version)
        try:
            outcome = await environment.outcome
        finally:
            environment.stop()  # nothing when it has ended
        if isinstance(outcome, Template) and outcome.image.size_bytes > self._budget_bytes:
            outcome.image.close()
            needed, most = (-(-size // MIB) for size in (outcome.image.size_bytes, self._budget_bytes))
            return NotOptimised(f"its memory takes {needed} MB, and all snapshots may take {most} MB")
        return outcome

    def _keep(self, version: FunctionVersion, template: Template, *, is_wanted: bool) -> None:
        key, snapshot = _key(version), Snapshot(template, version)
        if not is_wanted:  # its version was deleted meanwhile
            snapshot.drop()
            return
        before = self._kept.pop(key, None)
        if before is not None:
            before.drop()
        self._kept[key] = snapshot
        for other in list(self._kept):
            if self.size_bytes <= self._budget_bytes or other == key:
                break
            self._drop(other)

    def _make_again(self, version: FunctionVersion) -> None:
        """Make another beside, unless that is under way or has just failed."""
        key = _key(version)
        if key in self._in_making or self._clock.monotonic() < self._paused_until.get(key, 0.0):
            return
        making = self._in_making[key] = _Making()
        work = self._beside_others(version, making)
        task = asyncio.create_task(work, name=f"snapshot {key[1]}:{key[2]}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _beside_others(self, version: FunctionVersion, making: _Making) -> None:
        key = _key(version)
        try:
            async with self._beside:
                outcome = await self._template(version, making)
            is_wanted = self._in_making.get(key) is making
            if isinstance(outcome, Template):
                self._keep(version, outcome, is_wanted=is_wanted)
            elif is_wanted:
                self._pause(key)
                _tell(version, outcome)
        finally:
            self._is_made(key, making)

    def _is_made(self, key: Key, making: _Making) -> None:
        if self._in_making.get(key) is making:
            del self._in_making[key]

    def _is_useless(self, version: FunctionVersion, snapshot: Snapshot, why: str) -> None:
        key = _key(version)
        if self._kept.get(key) is not snapshot:  # said before
            return
        _log.warning(
            "the snapshot of %s is dropped: %s",
            version.qualified_arn,
            why,
            extra={"event": "snapshot.useless"},
        )
        self._drop(key)
        self._make_again(version)
        self._pause(key)

    def _pause(self, key: Key) -> None:
        self._paused_until[key] = self._clock.monotonic() + SNAPSHOT_RETRY_S

    def _drop(self, key: Key) -> None:
        snapshot = self._kept.pop(key, None)
        if snapshot is not None:
            snapshot.drop()


def _key(version: FunctionVersion) -> Key:
    return version.scope, version.name, version.version


def _tell(version: FunctionVersion, outcome: NotOptimised | InitFailed) -> None:
    why = outcome.reason if isinstance(outcome, NotOptimised) else f"Init failed: {outcome.error_type}"
    _log.warning("no snapshot of %s: %s", version.qualified_arn, why, extra={"event": "snapshot.none"})
