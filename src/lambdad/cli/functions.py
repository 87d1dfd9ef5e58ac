"""`lambdad ls` and `lambdad rm`: what functions there are, and one fewer."""

from __future__ import annotations

from typing import Annotated

import typer

from lambdad.cli import options, show
from lambdad.cli.client import FUNCTIONS, Client, client_for, function_path


def ls(
    endpoint: options.Endpoint = None, region: options.Region = None, as_json: options.AsJson = False
) -> None:
    """List the functions of this account and region."""
    with client_for(endpoint, region) as client:
        found = list_functions(client)
    if as_json:
        show.document(found)
        return
    if not found:
        show.note("no functions here yet; 'lambdad deploy DIR' makes one")
        return
    columns = ("FunctionName", "Runtime", "Handler", "MemorySize", "Timeout", "CodeSize", "LastModified")
    headings = ("name", "runtime", "handler", "MB", "timeout s", "code bytes", "last modified")
    show.table(headings, [[str(one.get(column, "")) for column in columns] for one in found])


def rm(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="functions to delete")],
    endpoint: options.Endpoint = None,
    region: options.Region = None,
    as_json: options.AsJson = False,
) -> None:
    """Delete functions with all their versions; their logs stay."""
    with client_for(endpoint, region) as client:
        for name in names:
            client.call("DELETE", function_path(name))
            if not as_json:
                show.out.print(f"deleted {name}", markup=False)
    if as_json:
        show.document({"deleted": names})


def list_functions(client: Client) -> list[dict[str, object]]:
    """Every function of the client's account and region, page by page."""
    found: list[dict[str, object]] = []
    query: list[tuple[str, str]] = []
    while True:
        page = client.call("GET", f"{FUNCTIONS}/", query=query)
        functions = page.get("Functions")
        if isinstance(functions, list):
            found.extend(functions)
        marker = page.get("NextMarker")
        if not isinstance(marker, str) or not marker:
            return sorted(found, key=lambda one: str(one.get("FunctionName", "")))
        query = [("Marker", marker)]
