"""What doctor says of roles, out of what a server says of itself."""

from __future__ import annotations

from typing import Any

from lambdad.cli.checks import Verdict
from lambdad.cli.identity_checks import identity


def said(**found: Any) -> list[tuple[str, Verdict, str]]:
    return [(each.what, each.verdict, each.detail) for each in identity({"identity": found})]


def test_nothing_is_said_where_there_is_nothing_to_do():
    assert identity({}) == []
    assert said(unknown_roles=[], logs_withheld={}) == []


def test_roles_that_do_not_exist_are_named_a_few_of_them():
    ((what, verdict, detail),) = said(unknown_roles=[f"r{each}" for each in range(7)], logs_withheld={})
    assert (what, verdict) == ("roles", Verdict.WEAK)
    assert detail.startswith("do not exist: r0, r1, r2, r3, r4 and 2 more;")


def test_functions_whose_log_is_withheld_are_named_with_their_role():
    ((what, verdict, detail),) = said(unknown_roles=[], logs_withheld={"f": "role/r"})
    assert (what, verdict, detail) == ("logs", Verdict.WEAK, "not delivered: f (role/r)")
