"""Runs an expression over a text: once from left to right, whatever either says.

All states it can be in are one number, a bit each; one character moves them all at once. Where a number and a
character lead is remembered, so that most steps are one look-up. What is remembered is bounded.

The bit at place p says that what stands before step p has been seen. A step that may be left out lets its bit
go on to the next by itself: over a run of such steps by one subtraction, whose borrow stops at the run's end.

Source: that subtraction from G. Navarro, M. Raffinot, "Flexible Pattern Matching in Strings" (2002), 4.2.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from lambdad.domain.limits import MAX_LOG_EXPRESSION_STATES
from lambdad.telemetry.patterns.expression import OTHER, Alternative, Alternatives, Item

_KEPT: Final = 64


@lru_cache(maxsize=_KEPT)
def automaton_of(alternatives: Alternatives) -> Automaton:
    """The automaton of an expression; it holds nothing that another thread must not see."""
    return Automaton(alternatives)


class Automaton:
    """Finds one expression."""

    def __init__(self, alternatives: Alternatives) -> None:
        self._accepting = [0] * (OTHER + 1)
        self._loops = self._begins = self._again = self._ends = self._last_ends = 0
        self._left_out = self._run_starts = self._run_ends = 0
        place = 0
        for alternative in alternatives:
            place = self._add(alternative, place)
        self._begins = self._closed(self._begins)
        self._again = self._closed(self._again)
        self._rows: dict[int, _Row] = {}
        self._found = _Row(self, 0)
        self._start = self._row(self._begins)

    def is_in(self, text: str) -> bool:
        """Whether the expression is found in a text."""
        row, found = self._start, self._found
        if row is found:
            return True
        for character in text:
            row = row[character]
            if row is found:
                return True
        return bool(row.state & self._last_ends)

    def step(self, state: int, character: str) -> _Row:
        """Where a character leads."""
        moved = state & self._accepting[min(ord(character), OTHER)]
        return self._row(self._closed((moved << 1) | (moved & self._loops)) | self._again)

    def _row(self, state: int) -> _Row:
        if state & self._ends:
            return self._found
        row = self._rows.get(state)
        if row is None:
            if len(self._rows) >= MAX_LOG_EXPRESSION_STATES:
                for old in list(self._rows.values()):
                    old.clear()
                self._rows.clear()
            row = self._rows[state] = _Row(self, state)
        return row

    def _closed(self, state: int) -> int:
        full = state | self._run_ends
        return state | (self._left_out & (~(full - self._run_starts) ^ full))

    def _add(self, alternative: Alternative, place: int) -> int:
        begin = 1 << place
        self._begins |= begin
        if not alternative.at_start:
            self._again |= begin
        in_run = False
        for accepts, is_optional, loops in _steps(alternative.items):
            bit = 1 << place
            self._allow(accepts, bit)
            if loops:
                self._loops |= bit
            if is_optional and not in_run:
                self._run_starts |= bit
            if is_optional:
                self._left_out |= bit << 1
            elif in_run:
                self._run_ends |= bit
            in_run = is_optional
            place += 1
        end = 1 << place
        if in_run:
            self._run_ends |= end
        if alternative.at_end:
            self._last_ends |= end
        else:
            self._ends |= end
        return place + 1

    def _allow(self, accepts: int, bit: int) -> None:
        while accepts:
            lowest = accepts & -accepts
            self._accepting[lowest.bit_length() - 1] |= bit
            accepts ^= lowest


def _steps(items: tuple[Item, ...]) -> list[tuple[int, bool, bool]]:
    """Each step as the set it accepts, whether it may be left out, and whether it repeats."""
    steps: list[tuple[int, bool, bool]] = []
    for item in items:
        steps += [(item.accepts, False, False)] * item.least
        if item.most is None:
            steps.append((item.accepts, True, True))
        else:
            steps += [(item.accepts, True, False)] * (item.most - item.least)
    return steps


class _Row(dict[str, "_Row"]):
    """What is known of one number of states: where each character leads."""

    __slots__ = ("_automaton", "state")

    def __init__(self, automaton: Automaton, state: int) -> None:
        super().__init__()
        self._automaton = automaton
        self.state = state

    def __missing__(self, character: str) -> _Row:
        following = self._automaton.step(self.state, character)
        if character.isascii():  # there are too many others
            self[character] = following
        return following
