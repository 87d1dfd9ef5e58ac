"""Where is kept how far mappings have read their shards.

What was read and is not settled is read again after a restart; so a checkpoint may be old and never early.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lambdad.domain.stream_record import ShardState


class CheckpointStore(Protocol):
    """States of shards by the UUID of the mapping."""

    async def read(self, mapping: str) -> list[ShardState]:
        """Those of a mapping, by shard; what was kept before is among them."""
        ...

    def keep(self, mapping: str, state: ShardState) -> None:
        """Keep the state of a shard soon, in place of what is kept of it; never waits, never fails here."""
        ...

    async def replace(self, mapping: str, states: Sequence[ShardState]) -> None:
        """Keep these states of a mapping and no others; they are on disk when this returns.

        Raises:
            ServiceFault: they could not be written.
        """
        ...

    async def flush(self) -> None:
        """Wait until what is kept is on disk.

        Raises:
            ServiceFault: it could not be written.
        """
        ...
