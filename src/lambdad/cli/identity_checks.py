"""What `lambdad doctor` says of roles: those that do not exist, and those that may not write their log."""

from __future__ import annotations

from collections.abc import Mapping

from lambdad.cli.checks import Check, Verdict

_MOST_NAMED = 5


def identity(status: Mapping[str, object]) -> list[Check]:
    """Of what a server says of itself; nothing when there is nothing to do.

    Args:
        status: the answer of `/lambdad/v1/status`.
    """
    found = status.get("identity")
    if not isinstance(found, Mapping):
        return []
    checks = []
    unknown = [str(role) for role in found.get("unknown_roles") or ()]
    if unknown:
        detail = f"do not exist: {_named(unknown)}; their functions act as their account's root"
        checks.append(Check("roles", Verdict.WEAK, detail, "create them with the IAM API, or leave them so"))
    withheld = found.get("logs_withheld") or {}
    if isinstance(withheld, Mapping) and withheld:
        detail = f"not delivered: {_named([f'{name} ({role})' for name, role in withheld.items()])}"
        remedy = "attach AWSLambdaBasicExecutionRole to the role"
        checks.append(Check("logs", Verdict.WEAK, detail, remedy))
    return checks


def _named(things: list[str]) -> str:
    rest = len(things) - _MOST_NAMED
    named = ", ".join(things[:_MOST_NAMED])
    return f"{named} and {rest} more" if rest > 0 else named
