"""The last invocations of each function, in memory: what came before is in its log.

Before: `observing` appends what an environment's journal says, a tuple of what is there already. After:
`told_invocations` makes something readable of it, when somebody asks. A ring is held by the environments that
write to it, and beyond that while its function is among those that were last made environments for.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final
from weakref import WeakValueDictionary

from lambdad.domain.limits import RECENT_FUNCTIONS, RECENT_INVOCATIONS
from lambdad.domain.platform_log import InvocationRecord
from lambdad.domain.scope import Scope
from lambdad.ports.log_store import StreamKey

Kept = tuple[StreamKey, tuple[object, ...], tuple[object, ...]]
"""A stream, and the fields of a record before and behind `lines`, which are not kept."""

_Named = tuple[Scope, str]
_LINES: Final = InvocationRecord._fields.index("lines")


class Ring:
    """The last invocations of one function, oldest first."""

    __slots__ = ("__weakref__", "kept")

    def __init__(self, most: int) -> None:
        self.kept: deque[Kept] = deque(maxlen=most)


def kept_of(stream: StreamKey, record: InvocationRecord) -> Kept:
    """What is kept of a record: on the invocation path, so nothing but two slices."""
    return stream, record[:_LINES], record[_LINES + 1 :]


def record_of(kept: Kept) -> InvocationRecord:
    """The record again, without its lines."""
    _, before, behind = kept
    return InvocationRecord._make((*before, (), *behind))


class RecentInvocations:
    """Rings by function.

    Args:
        most: invocations kept of a function.
        functions: kept beside those that have environments.
    """

    def __init__(self, most: int = RECENT_INVOCATIONS, functions: int = RECENT_FUNCTIONS) -> None:
        self._most = most
        self._functions = functions
        self._living: WeakValueDictionary[_Named, Ring] = WeakValueDictionary()
        self._kept: OrderedDict[_Named, Ring] = OrderedDict()

    def ring(self, scope: Scope, function: str) -> Ring:
        """Where an environment of a function writes; to be held as long as it lives."""
        named = (scope, function)
        ring = self._living.get(named)
        if ring is None:
            ring = self._living[named] = Ring(self._most)
        self._kept[named] = ring
        self._kept.move_to_end(named)
        if len(self._kept) > self._functions:
            self._kept.popitem(last=False)
        return ring

    def of(self, scope: Scope, function: str) -> list[tuple[StreamKey, InvocationRecord]]:
        """What is known of a function, newest first."""
        ring = self._living.get((scope, function))
        return [] if ring is None else [(kept[0], record_of(kept)) for kept in reversed(ring.kept)]
