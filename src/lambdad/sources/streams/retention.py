"""How long a stream keeps its records: what fails for ever is called with no longer than that."""

from __future__ import annotations

import math

from lambdad.domain.limits import LEAST_RECORDS_KEPT_S, RETENTION_LOOK_S
from lambdad.domain.scope import Scope
from lambdad.ports.clock import Clock
from lambdad.ports.record_stream import RecordStream, StreamTrouble
from lambdad.sources.streams import troubles


class Retention:
    """Of one stream; asked for seldom, however many shards have something that fails."""

    def __init__(self, stream: RecordStream, scope: Scope, arn: str, clock: Clock) -> None:
        self._stream = stream
        self._scope = scope
        self._arn = arn
        self._clock = clock
        self._said_s = -math.inf
        self._found: float | None = None

    async def kept_s(self) -> float | None:
        """How long it keeps records, in seconds, as it said lately; None when it does not say.

        Of a stream that is gone nothing is kept; what was read of it has the time that every stream gives.
        """
        now_s = self._clock.monotonic()
        if now_s - self._said_s >= RETENTION_LOOK_S:
            try:
                self._found = await self._stream.kept_s(self._scope, self._arn)
            except StreamTrouble as error:
                self._found = LEAST_RECORDS_KEPT_S if troubles.is_gone(error.code) else None
            self._said_s = now_s
        return self._found
