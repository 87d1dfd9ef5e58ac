"""What `lambdad doctor` says of functions whose role may not write their log."""

from __future__ import annotations

from collections.abc import Mapping

from lambdad.cli.checks import Check, Verdict

_MOST_NAMED = 5


def withheld_logs(status: Mapping[str, object]) -> list[Check]:
    """Of what a server says of itself; nothing when all is delivered.

    Args:
        status: the answer of `/lambdad/v1/status`.
    """
    withheld = status.get("logs_withheld")
    if not isinstance(withheld, Mapping) or not withheld:
        return []
    named = ", ".join(f"{name} ({role})" for name, role in list(withheld.items())[:_MOST_NAMED])
    rest = len(withheld) - _MOST_NAMED
    detail = f"not delivered: {named}" + (f" and {rest} more" if rest > 0 else "")
    return [Check("logs", Verdict.WEAK, detail, "attach AWSLambdaBasicExecutionRole to the role")]
