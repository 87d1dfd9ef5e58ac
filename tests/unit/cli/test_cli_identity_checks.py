"""What doctor says of withheld logs, out of what a server says of itself."""

from __future__ import annotations

from lambdad.cli.checks import Verdict
from lambdad.cli.identity_checks import withheld_logs


def test_nothing_is_said_where_all_is_delivered():
    assert withheld_logs({}) == withheld_logs({"logs_withheld": {}}) == []


def test_functions_are_named_with_their_role_a_few_of_them():
    (check,) = withheld_logs({"logs_withheld": {f"f{each}": "r" for each in range(7)}})
    assert (check.what, check.verdict) == ("logs", Verdict.WEAK)
    assert check.detail == "not delivered: f0 (r), f1 (r), f2 (r), f3 (r), f4 (r) and 2 more"
