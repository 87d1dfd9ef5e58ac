r"""The model's regular expressions, which are Java's, as Python's.

Patterns are unanchored in the model and meant for the whole value. Classes such as `\w` and `\d` are
ASCII in Java. Unicode categories (`\p{L}`), which Python's `re` lacks, are matched by letting one
private character stand for every non-ASCII character of a category, in pattern and value alike.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_CATEGORY = re.compile(r"\\p\{([LNZC])\}")
_CLASS_BEFORE_DASH = re.compile(r"(\\[wdsWDS])-(?!\])")
_OTHER = "\ue000"
_STAND_INS = {"L": "\ue001", "N": "\ue002", "Z": "\ue003", "C": "\ue004"}
_SPELLED = {
    "L": "a-zA-Z" + _STAND_INS["L"],
    "N": "0-9" + _STAND_INS["N"],
    "Z": " " + _STAND_INS["Z"],
    "C": r"\x00-\x1f\x7f" + _STAND_INS["C"],
}


def matches(pattern: str, value: str) -> bool:
    """Whether the whole of `value` matches the model's `pattern`."""
    compiled, by_category = _compiled(pattern)
    return compiled.fullmatch(_stand_in(value) if by_category else value) is not None


@cache
def _compiled(pattern: str) -> tuple[re.Pattern[str], bool]:
    spelled = _CATEGORY.sub(lambda found: _SPELLED[found[1]], pattern)
    return re.compile(_CLASS_BEFORE_DASH.sub(r"\1\\-", spelled), re.ASCII), spelled != pattern


def _stand_in(value: str) -> str:
    if value.isascii():
        return value
    return "".join(
        char if char.isascii() else _STAND_INS.get(unicodedata.category(char)[0], _OTHER) for char in value
    )
