"""What is looked after again and again, for as long as the server runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping


async def repeated(
    every_s: float,
    work: Callable[[], object],
    log: logging.Logger,
    failed: str,
    extra: Mapping[str, str],
) -> None:
    """Do some work with pauses, for ever; when it fails that is logged, and it is done again all the same.

    Args:
        every_s: pause before each time.
        work: to do; waited for when it has to be.
        log: is told of failures.
        failed: what to tell.
        extra: the failure's `event`.
    """
    while True:
        await asyncio.sleep(every_s)
        try:
            done = work()
            if isinstance(done, Awaitable):
                await done
        except Exception:
            log.exception(failed, extra=extra)
