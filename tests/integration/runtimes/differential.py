"""Ours against AWS's client: in the same words for every language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from recorded import Case, record


@dataclass(frozen=True)
class Differential:
    """A language, and how its two clients are asked."""

    language: str
    ours: Callable[[Case], dict[str, object]]
    theirs: Callable[[Case], dict[str, object]]

    def assert_same(self, case: Case) -> None:
        """Ours does what AWS's is on record to do, or does now where it is not."""
        expected = record(self.language).expected(case, self.theirs)
        assert expected["posts"] or expected["exit_code"] is not None
        assert case.portable(self.ours(case)) == expected

    def assert_recorded(self, case: Case) -> None:
        """AWS's does what is on record; without a record, ours does what it does."""
        if not record(self.language).has(case):
            self.assert_same(case)
            return
        assert record(self.language).of(case) == case.portable(self.theirs(case)), (
            "run record_clients.py, and look at what changed"
        )
