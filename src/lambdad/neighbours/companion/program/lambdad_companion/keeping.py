"""Writes what ministack holds now and then, not only at an orderly end: a kill costs seconds, not all.

ministack writes each service's state as a whole, to a file that takes the place of the one before. So it is
done only after requests, and the more rarely the longer it takes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final

_AT_LEAST_S: Final = 5.0
_SHARE: Final = 20.0
"""A writing that takes a second, during which nothing is answered, comes every twenty at most."""


async def keep(app: ModuleType, requests: Callable[[], int]) -> None:
    """Write for ever.

    Args:
        app: ministack's application.
        requests: how many there were.
    """
    from ministack.core.persistence import save_all

    written, pause = requests(), _AT_LEAST_S
    while True:
        await asyncio.sleep(pause)
        now = requests()
        if now == written:
            continue
        took = _timed(save_all, app._build_persistence_save_dict())
        written, pause = now, max(_AT_LEAST_S, took * _SHARE)


def _timed(save: Callable[[Any], None], state: Any) -> float:
    begun = time.monotonic()
    save(state)
    return time.monotonic() - begun
