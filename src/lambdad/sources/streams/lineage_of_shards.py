"""Which shards of a stream there are and which may be read, so that order survives splits and merges; pure.

A shard is begun when everything in the shards it came from is settled. Those of the first look begin where
the mapping says; those that come later are read from their beginning, whatever the mapping says, for their
records came after it began.

Source: developer guide, "How Lambda processes records from stream and queue-based event sources"; Kinesis
developer guide, "Reshard a stream".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from lambdad.domain.stream_record import Shard, ShardState
from lambdad.ports.event_sources import StartFrom

TRIM_HORIZON: Final = "TRIM_HORIZON"
LATEST: Final = "LATEST"
AT_TIMESTAMP: Final = "AT_TIMESTAMP"

States = Mapping[str, ShardState]


def discovered(
    states: States, listed: Iterable[Shard], start: StartFrom, now_s: float
) -> dict[str, ShardState]:
    """The states after a look at the stream.

    Args:
        states: before, by shard; none on the first look.
        listed: what the stream says.
        start: of the mapping.
        now_s: seconds since the epoch.
    """
    shards = list(listed)
    is_first = not states
    found = {
        one.id: states.get(one.id)
        or (_begun(one, start, now_s) if is_first else ShardState(one.id, one.parents))
        for one in shards
    }
    unlisted = {name: state for name, state in states.items() if name not in found}
    # What is drained and forgotten by the stream is forgotten here; but for one, as none is a first look.
    kept = {name: state for name, state in unlisted.items() if not state.is_drained}
    if not found and not kept and unlisted:
        name = max(unlisted)
        kept[name] = unlisted[name]
    return found | kept


def _begun(shard: Shard, start: StartFrom, now_s: float) -> ShardState:
    state = ShardState(shard.id, shard.parents, start.position)
    if start.position == LATEST:
        return replace(state, since_s=now_s, is_drained=shard.is_closed)
    return replace(state, since_s=start.at_s)


def reopened(states: States, listed: Iterable[Shard]) -> set[str]:
    """Shards that are drained and listed as open: the stream may be another one of the same name by now."""
    return {one.id for one in listed if not one.is_closed and one.id in states and states[one.id].is_drained}


def startable(states: States) -> list[str]:
    """The shards that may be read: not drained, and every shard they came from is."""
    return [
        name for name, state in sorted(states.items()) if not state.is_drained and not _waits(state, states)
    ]


def _waits(state: ShardState, states: States) -> bool:
    return any(not states[parent].is_drained for parent in state.parents if parent in states)
