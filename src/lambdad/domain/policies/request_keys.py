"""What is known of a request when policies are evaluated: condition keys and their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Given = Mapping[str, str | Sequence[str]]
"""Condition keys as callers of the evaluator write them, in any case; a sequence for many values."""


class RequestKeys:
    """Condition keys with their values; names in any case.

    A key without values counts as absent.

    Source: IAM user guide, "Condition": key names are not case-sensitive; "Null": an empty set is absent.
    """

    __slots__ = ("_values",)

    def __init__(self, given: Given) -> None:
        self._values: dict[str, tuple[str, ...]] = {}
        for key, value in given.items():
            values = (value,) if isinstance(value, str) else tuple(value)
            if values:
                self._values[key.lower()] = values

    def values(self, key: str) -> tuple[str, ...]:
        """All values of a key given in lower case; empty when the request does not have it."""
        return self._values.get(key, ())
