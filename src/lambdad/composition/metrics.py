"""The upkeep of metrics: what has become old is made into longer periods, a little at a time."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from lambdad.domain.limits import METRIC_ROLL_UP_PAUSE_S, METRIC_ROLL_UP_S

_log = logging.getLogger(__name__)


class Rolling(Protocol):
    """A store that rolls up step by step."""

    async def roll_up(self, after: int = 0) -> int | None:
        """One step; where to go on, None at the end."""
        ...


async def roll_up(store: Rolling) -> None:
    """Look at all series again and again, for ever."""
    while True:
        await asyncio.sleep(METRIC_ROLL_UP_S)
        try:
            after = await store.roll_up()
            while after is not None:
                await asyncio.sleep(METRIC_ROLL_UP_PAUSE_S)
                after = await store.roll_up(after)
        except Exception:  # noqa: BLE001 - or nothing old would ever go away
            _log.exception("old metrics were not rolled up", extra={"event": "metrics.roll_up"})
