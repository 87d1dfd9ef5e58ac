"""The lineage in trace headers: which functions a chain of calls has passed through, and how often; pure.

The header that a function sees ends with ``;Lineage=1:fe460cdd:0``: for each function of the chain eight
hex digits that stand for it, and how often it ran in the chain before. SDKs in functions pass the header on.

Source: headers in users' logs (``Root=…;Parent=…;Sampled=0;Lineage=1:36680206:0``) and the X-Ray guide's
``Lineage=a87bd80c:1|68fd508a:5|c512fbe3:2``; both forms are read, the newer one is written.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from lambdad.domain.limits import MAX_RECURSIVE_INVOCATIONS

MOST_CHARACTERS: Final = 4_096
"""A longer header is passed on as it is; an honest one is an eighth of it at most."""

_MOST_FIELDS: Final = 16
_MOST_FUNCTIONS: Final = 32
_MOST_COUNT: Final = 32_767  # Source: the X-Ray guide
_FIELD: Final = "lineage="
_ENTRY: Final = re.compile(r"(?:[0-9]{1,3}:)?([0-9a-f]{8}):([0-9]{1,5})")
_LETTERS: Final = "ineage="


def key_of(arn: str) -> str:
    """Eight hex digits that stand for a function; `arn` may be qualified."""
    unqualified = ":".join(arn.split(":", 7)[:7])
    return hashlib.sha256(unqualified.encode()).hexdigest()[:8]


def first(key: str) -> str:
    """What a new header ends with when the function is the first of its chain."""
    return f";Lineage=1:{key}:0"


def passed_on(trace: str, key: str) -> tuple[str, int]:
    """The header that a function sees when it is called with `trace`, and how often it ran before."""
    if len(trace) > MOST_CHARACTERS:
        return trace, 0
    if _LETTERS not in trace:
        return trace + first(key), 0
    others, counts = _read(trace)
    before = counts.pop(key, -1) + 1
    if len(counts) >= _MOST_FUNCTIONS:  # those that came round least often are no loop yet
        del counts[min(counts, key=lambda one: counts[one])]
    counts[key] = min(before, _MOST_COUNT)
    entries = "|".join(f"{one}:{count}" for one, count in counts.items())
    return ";".join([*others, f"Lineage=1:{entries}"]), before


def is_loop(before: int) -> bool:
    """Whether a function that ran so often before in a chain is in a loop."""
    return before >= MAX_RECURSIVE_INVOCATIONS


def _read(trace: str) -> tuple[list[str], dict[str, int]]:
    """The other fields, and how often each function ran again; what is malformed counts for nothing."""
    others: list[str] = []
    counts: dict[str, int] = {}
    for field in trace.split(";", _MOST_FIELDS):
        text = field.strip()
        if not text.lower().startswith(_FIELD):
            others.append(field)
            continue
        # SDKs escape what they pass on: botocore turns "|" into "%7C".
        value = text[len(_FIELD) :].replace("%7C", "|").replace("%7c", "|")
        for entry in value.split("|", _MOST_FUNCTIONS)[:_MOST_FUNCTIONS]:
            matched = _ENTRY.fullmatch(entry)
            if matched is not None:
                counts[matched[1]] = max(counts.get(matched[1], 0), int(matched[2]))
    return others, counts
