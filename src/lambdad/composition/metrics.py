"""Metrics: their API, made when it is first asked for, and their upkeep, a little at a time."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from lambdad.awsapi.service import Authorize, ModelledService
from lambdad.composition.upkeep import repeated
from lambdad.domain.limits import (
    LONG_METRIC_REQUEST_BYTES,
    MAX_METRIC_REQUEST_BYTES,
    METRIC_ROLL_UP_PAUSE_S,
    METRIC_ROLL_UP_S,
)
from lambdad.ports.clock import Clock
from lambdad.ports.metric_store import MetricStore

_log = logging.getLogger(__name__)


def metrics_service(store: MetricStore, clock: Clock, authorize: Authorize) -> ModelledService:
    """CloudWatch; what it needs is imported here, for a server's start is short."""
    from lambdad.awsapi import parameter_words
    from lambdad.awsapi.model import load
    from lambdad.telemetry.metrics_api.handlers import metrics_handlers

    return ModelledService(
        load("cloudwatch"),
        metrics_handlers(store, clock),
        authorize=authorize,
        check=parameter_words.check,
        long_body_bytes=LONG_METRIC_REQUEST_BYTES,
        max_body_bytes=MAX_METRIC_REQUEST_BYTES,
    )


class Rolling(Protocol):
    """A store that rolls up step by step."""

    async def roll_up(self, after: int = 0) -> int | None:
        """One step; where to go on, None at the end."""
        ...


async def roll_up(store: Rolling) -> None:
    """Look at all series again and again, for ever."""

    async def look() -> None:
        after = await store.roll_up()
        while after is not None:
            await asyncio.sleep(METRIC_ROLL_UP_PAUSE_S)
            after = await store.roll_up(after)

    failed = "old metrics were not rolled up"
    await repeated(METRIC_ROLL_UP_S, look, _log, failed, {"event": "metrics.roll_up"})
