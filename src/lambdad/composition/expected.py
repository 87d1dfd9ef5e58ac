"""Tells the pools of blanks which runtimes are in use, before a function is called for the first time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Final, Protocol

from lambdad.domain.errors import LambdadError
from lambdad.domain.function import LATEST
from lambdad.domain.scope import Scope
from lambdad.ports.catalogue_store import CatalogueStore

_log = logging.getLogger(__name__)
_MOST_WAITING: Final = 100
"""Of changes that were not looked at yet: what is not looked at has a slower first call, no more."""


class Expecting(Protocol):
    """Who has blanks made: the maker of environments."""

    async def expect(self, runtime: str) -> None:
        """As `worker.environment.making.Maker.expect`."""
        ...


class Expected:
    """Listens to the control plane.

    Args:
        catalogue: where a changed function is read.
        maker: looks runtimes up.
    """

    def __init__(self, catalogue: CatalogueStore, maker: Expecting) -> None:
        self._catalogue = catalogue
        self._maker = maker
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """Expect what functions of the last server run; once, in the background."""
        self._spawn(self._expect_all())

    def changed(self, scope: Scope, name: str) -> None:
        """A function was made or changed."""
        if len(self._tasks) < _MOST_WAITING:
            self._spawn(self._expect_changed(scope, name))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work, name="expect a runtime")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _expect_all(self) -> None:
        for runtime in sorted(await self._catalogue.runtimes()):
            await self._expect(runtime)

    async def _expect_changed(self, scope: Scope, name: str) -> None:
        version = await self._catalogue.read(scope, name, LATEST)
        if version is not None and version.runtime is not None:
            await self._expect(version.runtime)

    async def _expect(self, runtime: str) -> None:
        try:
            await self._maker.expect(runtime)
        except LambdadError as error:  # whoever calls a function of it will be told
            _log.info("%s is not expected: %s", runtime, error, extra={"event": "pool.not_expected"})

    async def close(self) -> None:
        """Stop."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
