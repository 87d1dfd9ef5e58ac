"""Which differences between lambdad and AWS's emulator nothing explains.

Before: `probe_answers` has made both sides comparable. After: `test_oracle` fails on what is left.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from outranked import OUTRANKED, REPEATED_INIT, Outranked
from unfinished import PENDING

ABSENT = "(absent)"
Answers = dict[str, str]


@dataclass(frozen=True)
class Difference:
    """One step that was answered in two ways."""

    scenario: str
    step: str
    emulator: str
    lambdad: str

    def __str__(self) -> str:
        return f"{self.scenario}: {self.step}\n  emulator: {self.emulator!r}\n  lambdad:  {self.lambdad!r}"


def differences(scenario: str, emulator: Answers, lambdad: Answers) -> list[Difference]:
    """Every step that was answered in two ways, except in the repetition of an Init that failed."""
    if any(fnmatchcase(scenario, pattern) for pattern in REPEATED_INIT):
        lambdad = _without_repetition(lambdad)
    found = []
    for step in dict.fromkeys([*emulator, *lambdad]):
        one, other = emulator.get(step, ABSENT), lambdad.get(step, ABSENT)
        if one != other:
            found.append(Difference(scenario, step, one, other))
    return found


def _without_repetition(answers: Answers) -> Answers:
    """Leave out the life in which Init was repeated when all was answered as in the life before."""
    kept = dict(answers)
    for step, answered in answers.items():
        again = re.match(r"(\S+) ([23])(: .*)", step)
        if again and answers.get(f"{again[1]} {int(again[2]) - 1}{again[3]}") == answered:
            del kept[step]
    return kept


def outranked(difference: Difference) -> Outranked | None:
    """The entry that explains a difference."""
    for entry in OUTRANKED:
        if (
            fnmatchcase(difference.scenario, entry.scenario)
            and fnmatchcase(difference.step, entry.step)
            and re.fullmatch(entry.ours, difference.lambdad, re.DOTALL)
        ):
            return entry
    return None


def pending(difference: Difference) -> tuple[str, str] | None:
    """The entry that promises to end a difference."""
    for scenario, step in PENDING:
        if fnmatchcase(difference.scenario, scenario) and fnmatchcase(difference.step, step):
            return scenario, step
    return None
