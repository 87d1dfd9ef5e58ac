"""Which records of a source its function gets to see: the filter criteria of a mapping; pure.

A filter says something of the record's data (``body`` of a message of SQS, ``data`` or ``value`` of others)
and of its other members. Data is compared as what it is: a filter of objects lets only JSON pass, one of
texts only what is no JSON. Filters are alternatives.

Source: developer guide, "Control which events Lambda sends to your function", the tables of each source.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from lambdad.sources.matching import matches, matches_value

_log = logging.getLogger("lambdad.sources")


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a mapping.

    Attributes:
        patterns: decoded; empty lets everything pass.
        data: the member of a record that holds its data.
    """

    patterns: tuple[Mapping[str, Any], ...]
    data: str

    def passes(self, record: Mapping[str, Any], text: str | None) -> bool:
        """Whether a record is for the function.

        Args:
            record: as the function would see it, for what filters say beside the data.
            text: its data; None when it is no text at all.
        """
        if not self.patterns:
            return True
        try:
            document = _document(text)
            return any(self._matches(pattern, record, text, document) for pattern in self.patterns)
        except RecursionError:
            # What is not delivered is deleted, so what cannot be decided is delivered.
            _log.warning("a record is too deep for its filters", extra={"event": "sources.deep_record"})
            return True

    def _matches(
        self, pattern: Mapping[str, Any], record: Mapping[str, Any], text: str | None, document: object
    ) -> bool:
        rest = {name: wanted for name, wanted in pattern.items() if name != self.data}
        if rest and not matches(rest, record):
            return False
        wanted = pattern.get(self.data)
        if wanted is None:
            return True
        if isinstance(wanted, dict):
            return document is not None and matches(wanted, document)
        return document is None and text is not None and matches_value(wanted, text)


def filters_of(settings: Mapping[str, Any], data: str) -> Filters:
    """The filters in a mapping's settings, which were checked when it was made."""
    criteria: Mapping[str, Any] = settings.get("FilterCriteria") or {}
    given: Sequence[Mapping[str, str]] = criteria.get("Filters") or ()
    return Filters(tuple(msgspec.json.decode(one["Pattern"]) for one in given), data)


def _document(text: str | None) -> object | None:
    """Data as JSON; None for what is none: a bare word or number counts as text.

    Raises:
        RecursionError: nobody can say.
    """
    if text is None or text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        found: object = msgspec.json.decode(text)
    except ValueError:
        return None
    return found
