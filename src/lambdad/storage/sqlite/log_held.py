"""Lines of one stream that wait for the log store's writer, in order.

What the platform says of an invocation is written out when it is handed over: that takes two microseconds.
In the writer's thread it would take many times as much, because two threads that run Python hold each other
up. What takes longer, much text and logs of the JSON format, is left to that thread.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from lambdad.domain.platform_log import Columns, InvocationRecord, LogText, Printed, events_in, lines_of

_log = logging.getLogger(__name__)
_ITEM_BYTES = 500  # roughly what an item costs besides its text
_LINE_BYTES = 100  # and each of its lines
_FEW_LINES = 16  # so many are added at once


@dataclass(slots=True)
class Loss:
    """Lines that a stream will not have."""

    lines: int
    bytes: int

    def grow(self, lines: int, size: int) -> None:
        """Count so many more."""
        self.lines += lines
        self.bytes += size


Item = InvocationRecord | Sequence[Printed]
Part = Columns | InvocationRecord | Sequence[Printed] | Loss


class Held:
    """What waits of one stream.

    Attributes:
        parts: in order; of losses the last one may still grow.
        bytes: that they take, about.
    """

    __slots__ = ("_last", "bytes", "parts")

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.bytes = 0
        self._last: Columns | None = None  # of the parts, when it is one that can be added to

    def take(self, item: Item, size: int) -> None:
        """Keep lines or a record."""
        self.bytes += size
        if not isinstance(item, InvocationRecord):
            if _is_quick(item):
                self._columns().add(item)
                return
        elif item.system_level is None and _is_quick(item.lines):
            try:
                self._columns().add_invocation(item)
            except Exception:  # noqa: BLE001  # written out later, where it is told what is wrong with it
                _log.debug("a record could not be written out", exc_info=True)
            else:
                return
        self._append(item)

    def lose(self, lines: int, size: int) -> None:
        """Keep that lines would have been here."""
        last = self.parts[-1] if self.parts else None
        if not isinstance(last, Loss):
            last = Loss(0, 0)
            self._append(last)
        last.grow(lines, size)

    def _append(self, part: Part) -> None:
        self.parts.append(part)
        self._last = None

    def _columns(self) -> Columns:
        if self._last is None:
            self._last = Columns()
            self.parts.append(self._last)
        return self._last


def _is_quick(lines: Sequence[Printed]) -> bool:
    """Whether lines are few, and need not be cut and decoded."""
    return not lines or (len(lines) <= _FEW_LINES and LogText not in map(type, lines))


def written_out(part: Columns | InvocationRecord | Sequence[Printed]) -> Columns:
    """The events of a part."""
    if isinstance(part, Columns):
        return part
    return Columns(lines_in(part))


def lines_in(item: Item) -> Sequence[Printed]:
    """The lines of what was handed over; of a record that cannot be told, what the function printed."""
    if not isinstance(item, InvocationRecord):
        return item
    try:
        return lines_of(item)
    except Exception:  # noqa: BLE001  # one bad record must not cost the lines of others
        _log.exception("record cannot be told", extra={"event": "logs.bad_record"})
        return item.lines


def size_of(item: Item) -> int:
    """What something takes while it waits, about, in bytes."""
    size = _ITEM_BYTES
    for line in item.lines if isinstance(item, InvocationRecord) else item:
        size += len(line[1]) + _LINE_BYTES
    return size


def counted(lines: Sequence[Printed]) -> tuple[int, int]:
    """How many events and bytes of text lines are."""
    size = sum(
        len(line[1]) if isinstance(line[1], bytes) else len(line[1].encode("utf-8", "replace"))
        for line in lines
    )
    return events_in(lines), size


def counted_columns(columns: Columns) -> tuple[int, int]:
    """As `counted`, of columns."""
    return len(columns.messages), sum(len(text.encode("utf-8", "replace")) for text in columns.messages)
