"""What was tried of a batch that fails, as the group keeps it beside its offset; pure.

The broker keeps the two together, so neither is there without the other, and whoever moves the offset, with
whatever tool, drops the note. Others note things there too; what is not of this mapping means nothing.
"""

from __future__ import annotations

from dataclasses import astuple
from typing import Final

import msgspec

from lambdad.domain.unfinished import Unfinished
from lambdad.sources.tried_parts import Parts

_Row = tuple[str, int, int, str | None, str | None, bool]

_MARK: Final = "lambdad "
_MOST_BYTES: Final = 4_000
"""Source: Kafka's configuration of brokers: `offset.metadata.max.bytes` is 4,096."""


def note_of(parts: Parts, mapping: str) -> str:
    """What to note; of more parts than there is room for, the first."""
    while parts:
        note = _MARK + msgspec.json.encode((mapping, [astuple(one) for one in parts])).decode()
        if len(note.encode()) <= _MOST_BYTES:
            return note
        parts = parts[: len(parts) // 2]
    return ""


def parts_in(note: str, mapping: str) -> Parts:
    """What was tried, in a note of this mapping; nothing in any other."""
    if not note.startswith(_MARK):
        return ()
    try:
        noted_by, rows = msgspec.json.decode(note.removeprefix(_MARK), type=tuple[str, list[_Row]])
    except (ValueError, RecursionError):
        return ()
    return tuple(Unfinished(*row) for row in rows) if noted_by == mapping else ()
