"""`lambdad auth explain`: which statement decided a request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from lambdad.cli import options, show
from lambdad.cli.client import client_for
from lambdad.cli.errors import CommandError

AUTH = "/lambdad/v1/auth"
_MOST_SHOWN = 20

Principal = Annotated[
    str | None, typer.Option(metavar="ARN", help="user, role, session, root, or a service's name")
]
Action = Annotated[str | None, typer.Option(metavar="ACTION", help="such as lambda:InvokeFunction")]
Resource = Annotated[str, typer.Option(metavar="ARN", help="what the action is on")]
Keys = Annotated[
    list[str] | None, typer.Option("--key", metavar="NAME=VALUE", help="a condition key of the request")
]


def explain(
    principal: Principal = None,
    action: Action = None,
    resource: Resource = "*",
    key: Keys = None,
    endpoint: options.Endpoint = None,
    region: options.Region = None,
    as_json: options.AsJson = False,
) -> None:
    """Show which statement allows or refuses a request; without a principal, what was refused last.

    Policies are those of the server now. Exit status 1 when the request would be refused.
    """
    if (principal is None) is not (action is None):
        raise CommandError("--principal and --action go together", status=2)
    with client_for(endpoint, region) as client:
        if principal is None:
            found: Mapping[str, Any] = client.call("GET", f"{AUTH}/denials")
        else:
            asked = {"principal": principal, "action": action, "resource": resource, "keys": _keys(key or [])}
            found = client.call("POST", f"{AUTH}/explain", asked)
    if as_json:
        show.document(found)
    elif principal is None:
        _denials(found["denials"])
    else:
        _decision(found)
    if found.get("allowed") is False:
        raise typer.Exit(1)


def _keys(given: list[str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in given]
    if any(not separator for _, separator, _ in pairs):
        raise CommandError("--key is NAME=VALUE", status=2)
    return {name: value for name, _, value in pairs}


def _decision(found: Mapping[str, Any]) -> None:
    _say(found["because"])
    if found.get("statement"):
        _statement(found["statement"])
    if not found["allowed"]:
        for each in found["near"]:
            _say(f"  near: {each}")
    if missing := found.get("missing_keys"):
        _say(f"  policies also look at {', '.join(missing)}: give them with --key")


def _denials(denials: list[Mapping[str, Any]]) -> None:
    if not denials:
        _say("Nothing has been refused since the server started.")
    for each in denials[:_MOST_SHOWN]:
        when = datetime.fromtimestamp(each["at_s"], UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        on = f" on {each['resource']}" if each["resource"] else ""
        _say(f"{when}  {each['principal']}: {each['action']}{on}")
        _say(f"  {each['because']}")
        if each["statement"]:
            _statement(each["statement"])
        for name, values in each["keys"].items():
            _say(f"  {name}: {', '.join(values) or '(not in the request)'}")


def _statement(statement: Mapping[str, Any]) -> None:
    for name, value in statement.items():
        _say(f"  {name}: {', '.join(value) if isinstance(value, list) else value}")


def _say(text: str) -> None:
    show.out.print(text, markup=False, highlight=False, soft_wrap=True)
