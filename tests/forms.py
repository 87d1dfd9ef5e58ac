"""The two forms of a test: a short one in `make test`, the full one in `make soak` or with `--full=too`."""

from __future__ import annotations

from typing import TypeVar

import pytest
from _pytest.mark import ParameterSet
from hypothesis import settings

Size = TypeVar("Size")
FEWEST_EXAMPLES = 20
_EVERY = 100
"""What hypothesis tries where nothing is said; `begin` makes it less in the short form."""
_SHORT = 30


def sizes(short: Size, full: Size) -> list[ParameterSet]:
    """Parameters of a test whose size may be chosen: the second is left to the long form."""
    return [pytest.param(short), pytest.param(full, marks=pytest.mark.full)]


def examples(full: int) -> int:
    """How many examples hypothesis tries in this run of a test that tries `full` in the long form.

    Never fewer than twenty, unless the long form has fewer.
    """
    return min(full, max(FEWEST_EXAMPLES, full * settings.default.max_examples // _EVERY))


def begin(*, short: bool) -> None:
    """Choose how many examples tests try, before any is read: `examples` asks when it is called."""
    settings.register_profile("long", max_examples=_EVERY)
    settings.register_profile("short", max_examples=_SHORT)
    settings.load_profile("short" if short else "long")
