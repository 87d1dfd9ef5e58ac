"""What `lambdad doctor` asks the server that runs, if one does: sandboxes that wait, roles not there."""

from __future__ import annotations

from collections.abc import Mapping

from lambdad.cli import identity_checks
from lambdad.cli.checks import Check, Verdict
from lambdad.cli.client import accepted, client_for
from lambdad.cli.errors import CommandError
from lambdad.cli.server import STATUS
from lambdad.settings import Settings

ASK_WITHIN_S = 2.0
_SHOWN = 5
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - where such a server is asked


def of_running_server(settings: Settings) -> list[Check]:
    """What it says; of roles nothing when no lambdad answers where the settings say."""
    off = Check("pools", Verdict.GOOD, "switched off: every program is executed for its function")
    found = _status(settings)
    if found is None:
        return [] if settings.pools else [off]
    known = pools(found) if settings.pools else [off]
    return [*known, *roles(found), *identity_checks.withheld_logs(found)]


def roles(status: Mapping[str, object]) -> list[Check]:
    """Of roles that functions run with and that are not there."""
    unknown = status.get("unknown_roles")
    if not isinstance(unknown, list) or not unknown:
        return []
    remedy = "create them with iam create-role; new environments then have what they grant and no more"
    detail = f"not in IAM: {', '.join(map(str, unknown[:_SHOWN]))}"
    rest = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
    return [Check("roles", Verdict.WEAK, detail + rest, remedy)]


def pools(status: Mapping[str, object]) -> list[Check]:
    """Of what a server says of itself.

    Args:
        status: the answer of `/lambdad/v1/status`.
    """
    kinds = status.get("pools")
    if not isinstance(kinds, Mapping):
        return []
    failing = [
        f"{name}: {kind['last_failure']} ({kind.get('failures')} times)"
        for name, kind in kinds.items()
        if isinstance(kind, Mapping) and kind.get("failing")
    ]
    if failing:
        remedy = "functions start by the next way, slower; free what lacks, or see the server's log"
        return [Check("pools", Verdict.WEAK, "; ".join(failing), remedy)]
    waiting = ", ".join(
        f"{kind.get('waiting')} of {kind.get('wanted')} {name}"
        for name, kind in kinds.items()
        if isinstance(kind, Mapping)
    )
    return [Check("pools", Verdict.GOOD, f"waiting: {waiting}" if waiting else "nothing has been wanted yet")]


def _status(settings: Settings) -> Mapping[str, object] | None:
    host = _EVERYWHERE.get(settings.host, settings.host)
    scheme = "http" if settings.tls_cert is None else "https"
    try:
        with client_for(f"{scheme}://{host}:{settings.port}") as client:
            return accepted(client.request("GET", STATUS, timeout_s=ASK_WITHIN_S)).document()
    except CommandError:  # nobody is there, it is no lambdad, or the shell's credentials are not its
        return None
