"""All waiting lines together: how many blanks each shall have below the common ceiling of memory."""

from __future__ import annotations

from collections.abc import Iterator

from lambdad.worker.pools import sizing
from lambdad.worker.pools.waiting_line import WaitingLine
from lambdad.worker.sandbox.blank import BlankKind
from lambdad.worker.sandbox.plan import Sandbox


class WaitingLines:
    """The lines of every kind that was taken or expected.

    Args:
        ceiling_bytes: most memory of all that wait together.
    """

    __slots__ = ("_lines", "ceiling_bytes")

    def __init__(self, ceiling_bytes: int) -> None:
        self.ceiling_bytes = ceiling_bytes
        self._lines: dict[str, WaitingLine] = {}

    def __iter__(self) -> Iterator[WaitingLine]:
        return iter(self._lines.values())

    @property
    def all_bytes(self) -> int:
        """Memory of all that wait or are being made to wait."""
        return sum(line.all_bytes for line in self)

    def named(self, name: str) -> WaitingLine | None:
        """The line of a kind, if there is one."""
        return self._lines.get(name)

    def of(self, kind: BlankKind) -> tuple[WaitingLine, list[Sandbox]]:
        """The line of a kind, and what is to be destroyed.

        A kind of the same name that is made otherwise takes the place of the old one.
        """
        line = self._lines.get(kind.name)
        if line is not None and line.kind == kind:
            return line, []
        useless = [] if line is None else line.take_all()
        line = self._lines[kind.name] = WaitingLine(kind)
        return line, useless

    def decide(self, now: float) -> None:
        """Set how many of each kind shall wait now."""
        wishes = {name: line.wish(now) for name, line in self._lines.items()}
        for name, count in sizing.share(wishes, self.ceiling_bytes).items():
            self._lines[name].wanted = count

    def lacking(self) -> list[WaitingLine]:
        """Those that lack blanks and have room for one more, the emptiest first; as last decided."""
        left = self.ceiling_bytes - self.all_bytes
        lacking = [line for line in self if line.lacks and line.each_bytes <= left]
        return sorted(lacking, key=lambda line: (len(line.waiting) + line.filling) / line.wanted)

    def take_useless(self, now: float) -> list[Sandbox]:
        """The dead, and those that are too many; they wait no longer."""
        self.decide(now)
        useless = [sandbox for line in self for sandbox in line.take_dead()]
        for line in self:
            left = self.ceiling_bytes - self.all_bytes
            tight = left < 0 or any(other.lacks and other.each_bytes > left for other in self)
            useless += line.take_surplus(sizing.surplus(len(line.waiting), line.wanted, tight=tight))
        return useless
