"""Makes a server and takes it apart again.

Nothing heavy is imported here at the top: the sandbox launcher is a process of its own that first probes
this host, and while it does, the other processor imports the rest of the server.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lambdad.composition.clock import SystemClock
from lambdad.settings import Settings
from lambdad.settings.model import Isolation, RequiredIsolation
from lambdad.storage.data_dir import MEMORY, open_data_dir
from lambdad.worker.sandbox.factory import make_factory
from lambdad.worker.sandbox.plan import SandboxFactory, Tier

if TYPE_CHECKING:
    from lambdad.composition.parts import Parts

_REST = "lambdad.composition.parts"


@asynccontextmanager
async def build(settings: Settings, clock: SystemClock | None = None) -> AsyncIterator[Parts]:
    """A listening server.

    Args:
        settings: of it.
        clock: another one than the machine's.

    Raises:
        LambdadError: the data directory is in use, or the host does not give the isolation required.
        OSError: the address cannot be listened on, or a certificate cannot be read.
    """
    async with AsyncExitStack() as stack:
        data_dir = stack.enter_context(open_data_dir(settings.data_dir or MEMORY))
        factory = await _factory(settings, data_dir.path, stack)
        from lambdad.composition.parts import make_parts

        yield await make_parts(settings, data_dir, factory, clock or SystemClock(), stack)


async def _factory(settings: Settings, data_dir: Path, stack: AsyncExitStack) -> SandboxFactory:
    """What makes sandboxes; when it is there, so is the rest of the server."""
    importing = asyncio.create_task(asyncio.to_thread(importlib.import_module, _REST))
    try:
        factory = await make_factory(
            data_dir=data_dir, require=_required(settings), outbound=settings.outbound, tier=_chosen(settings)
        )
        stack.push_async_callback(factory.close)
    finally:
        await importing  # also when isolation was refused: a thread cannot be given up
    return factory


def _required(settings: Settings) -> Tier | None:
    required = settings.require_isolation
    return None if required is RequiredIsolation.NONE else Tier(required.value)


def _chosen(settings: Settings) -> Tier | None:
    chosen = settings.isolation
    return None if chosen is Isolation.AUTO else Tier(chosen.value)
