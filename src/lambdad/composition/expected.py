"""Tells the pools of blanks which runtimes are in use, before a function is called for the first time."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from lambdad.domain.errors import LambdadError
from lambdad.domain.function import LATEST
from lambdad.domain.scope import Scope
from lambdad.ports.catalogue_store import CatalogueStore
from lambdad.worker.environment.making import Maker

_log = logging.getLogger(__name__)
_MOST_WAITING: Final = 100
"""Of changes that were not looked at yet: what is not looked at has a slower first call, no more."""


class Expected:
    """Listens to the control plane.

    Args:
        catalogue: where a changed function is read.
        maker: looks runtimes up.
    """

    def __init__(self, catalogue: CatalogueStore, maker: Maker) -> None:
        self._catalogue = catalogue
        self._maker = maker
        self._tasks: set[asyncio.Task[None]] = set()

    def changed(self, scope: Scope, name: str) -> None:
        """A function was made or changed."""
        if len(self._tasks) < _MOST_WAITING:
            task = asyncio.create_task(self._expect(scope, name), name="expect a runtime")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _expect(self, scope: Scope, name: str) -> None:
        try:
            version = await self._catalogue.read(scope, name, LATEST)
            if version is not None and version.runtime is not None:
                await self._maker.expect(version.runtime)
        except LambdadError as error:  # whoever calls it will be told
            _log.info("%s is not expected: %s", name, error, extra={"event": "pool.not_expected"})

    async def close(self) -> None:
        """Stop."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
