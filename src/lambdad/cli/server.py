"""`lambdad status` and `lambdad drain`: lambdad's own operations on a running server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from lambdad.cli import options, show
from lambdad.cli.client import client_for

WaitS = Annotated[
    float,
    typer.Option("--wait-s", metavar="SECONDS", help="wait so long for busy ones", min=0, max=3_600),
]
STATUS = "/lambdad/v1/status"
DRAIN = "/lambdad/v1/drain"
_TABLES = {"throttles": "throttled since the server started:", "environments": None}
"""Lists that are shown as tables, and what is said above each."""


def status(
    endpoint: options.Endpoint = None, region: options.Region = None, as_json: options.AsJson = False
) -> None:
    """Show what a running server is and does."""
    with client_for(endpoint, region) as client:
        found = client.call("GET", STATUS)
    if as_json:
        show.document(found)
        return
    rows = [["endpoint", client.endpoint]]
    for name, value in found.items():
        if name == "pools" and isinstance(value, dict):
            rows.extend([f"pools.{kind}", _waiting(about)] for kind, about in value.items())
        elif name not in _TABLES:
            rows.extend(_rows(name, value))
    show.table(("what", "value"), rows)
    for name, heading in _TABLES.items():
        _tell(found.get(name), heading)


def _tell(found: object, heading: str | None) -> None:
    """A list of things that are alike as a table of its own; nothing when it is empty."""
    if isinstance(found, list) and found and isinstance(found[0], dict):
        if heading is not None:
            show.out.print(heading)
        columns = list(found[0])
        show.table(columns, [[str(one.get(column, "")) for column in columns] for one in found])


def drain(
    wait_s: Annotated[
        float,
        typer.Option("--wait-s", metavar="SECONDS", help="wait so long for busy ones", min=0, max=3_600),
    ] = 0,
    endpoint: options.Endpoint = None,
    region: options.Region = None,
    as_json: options.AsJson = False,
) -> None:
    """End every idle environment now and busy ones after their event; the next events start new ones.

    Extensions are told (SPINDOWN). Before a restart: lambdad drain --wait-s 60
    """
    with client_for(endpoint, region) as client:
        found = client.call("POST", DRAIN, {"wait_s": wait_s} if wait_s else {})
    if as_json:
        show.document(found)
    else:
        ended, before = found.get("ended"), found.get("environments")
        rest = "" if ended == before else "; busy ones end after their event"
        show.out.print(f"ended {ended} of {before} environments{rest}")


def _waiting(about: Mapping[str, object]) -> str:
    """One kind of waiting sandbox in a sentence."""
    words = f"{about.get('waiting', 0)} of {about.get('wanted', 0)} wait"
    if died := about.get("died_waiting"):
        words += f"; {died} died waiting"
    if failures := about.get("failures"):
        words += f"; {failures} could not be made, last: {about.get('last_failure')}"
    return words


def _rows(name: str, value: object) -> list[list[str]]:
    """One line per plain value, nested names joined by a dot, findings as the sentences they are."""
    if isinstance(value, dict):
        if "feature" in value:
            works = "yes" if value.get("works") else "NO"
            return [[f"{name}: {value['feature']}", f"{works}, {value.get('detail', '')}"]]
        return [row for key, inner in value.items() for row in _rows(f"{name}.{key}", inner)]
    if isinstance(value, list):
        if value and isinstance(value[0], dict):
            return [row for inner in value for row in _rows(name, inner)]
        return [[name, ", ".join(map(str, value))]]
    return [[name, str(value)]]
