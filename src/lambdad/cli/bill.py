"""`lambdad bill`: what AWS would have charged."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import typer

from lambdad.cli import options, show
from lambdad.cli.client import client_for

BILL = "/lambdad/v1/bill"
_ABOUT: Final = ("region", "function", "version", "day", "tag")
_WORDS: Final = {
    "requests": "requests",
    "duration": "duration",
    "provisioned_concurrency": "provisioned concurrency",
    "provisioned_duration": "duration in provisioned",
    "ephemeral_storage": "storage beyond 512 MB",
    "streaming": "streamed beyond 6 MB",
    "snapshots_kept": "snapshots kept",
    "snapshots_restored": "snapshots restored",
}


def bill(
    since: Annotated[
        str | None, typer.Option("--since", metavar="DAY", help="first day, UTC; default: of this month")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DAY", help="last day, UTC; default: today")
    ] = None,
    by: Annotated[
        str, typer.Option("--by", metavar="WHAT", help="function, version, day, function-day or tag:KEY")
    ] = "function",
    endpoint: options.Endpoint = None,
    region: options.Region = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="print lines for a spreadsheet")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Show what AWS would have charged for what ran here. Not part of AWS.

    At list prices, of the caller's account in all regions. The free tier is that of whole months. In a pipe
    each line is the cost, the invocations, the GB-seconds and what it is about.
    """
    asked = {name: value for name, value in (("since", since), ("until", until), ("by", by)) if value}
    with client_for(endpoint, region) as client:
        found = client.call("GET", f"{BILL}?{urlencode(asked)}")
    if as_json:
        show.document(found)
    elif as_csv:
        _spreadsheet(found)
    else:
        _report(found)


def _report(found: Mapping[str, Any]) -> None:
    lines = _objects(found.get("lines"))
    if not show.out.is_terminal:
        show.table((), [_row(line, _abouts(lines), exact=True) for line in lines])
        return
    show.out.print(f"{found['since']} to {found['until']}, account {found['account']}", markup=False)
    if not lines:
        show.out.print("nothing was used")
        return
    abouts = _abouts(lines)
    rows = [_row(line, abouts, exact=False) for line in lines]
    show.table(("cost", "invocations", "GB-s", *abouts), rows)
    charges = [
        [
            money(one["cost"]),
            f"{one['quantity']:,.10g} {one['unit']}",
            _WORDS.get(one["charge"], one["charge"]),
        ]
        for one in _objects(found.get("charges"))
    ]
    show.table(("cost", "quantity", "for"), charges)
    currency = found["currency"]
    show.out.print(f"AWS would have charged {money(found['total'])} {currency}", markup=False)
    show.out.print(
        f"less the free tier of {money(-found['free_tier'])}: {money(found['due'])} {currency}", markup=False
    )
    show.out.print(f"prices: {found['prices']}", markup=False)


def _row(line: Mapping[str, Any], abouts: Sequence[str], *, exact: bool) -> list[str]:
    cost, gb_s = line["cost"], line["gb_s"]
    return [
        f"{cost:.10f}" if exact else money(cost),
        str(line["requests"]) if exact else f"{line['requests']:,}",
        f"{gb_s:.10g}" if exact else f"{gb_s:,.3f}",
        *(str(line[name]) or "-" for name in abouts),
    ]


def _spreadsheet(found: Mapping[str, Any]) -> None:
    lines = _objects(found.get("lines"))
    abouts = _abouts(lines)
    writer = csv.writer(sys.stdout)
    writer.writerow((*abouts, "requests", "gb_s", *(f"{name}_cost" for name in _WORDS), "cost", "currency"))
    for line in lines:
        charges = line["charges"]
        costs = [f"{charges.get(name, 0):.10f}" for name in _WORDS]
        about = [_literal(str(line[name])) for name in abouts]
        writer.writerow(
            (*about, line["requests"], line["gb_s"], *costs, f"{line['cost']:.10f}", found["currency"])
        )


def _literal(text: str) -> str:
    """Not a formula, whatever somebody named a function or tag."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def money(amount: float) -> str:
    """An amount as people read it: in cents, or with as many digits as there is something to see."""
    if abs(amount) >= 1 or not amount:
        return f"{amount:,.2f}"
    return f"{amount:.6f}" if abs(amount) >= 0.000_001 else f"{amount:.10f}"


def _abouts(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    return [name for name in _ABOUT if lines and name in lines[0]]


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
