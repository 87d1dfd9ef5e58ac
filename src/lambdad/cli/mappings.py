"""`lambdad mappings`: event source mappings at work, beyond what AWS shows of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lambdad.cli import options, show
from lambdad.cli.client import client_for

MAPPINGS: Final = "/lambdad/v1/mappings"
_PIPED: Final = ("uuid", "state", "function", "source", "last_result", "waiting", "running", "allowed")
_COUNTS: Final = ("polled", "filtered_out", "invoked", "failed_invoke", "deleted", "dropped")


def mappings(
    endpoint: options.Endpoint = None,
    region: options.Region = None,
    as_json: options.AsJson = False,
) -> None:
    """List event source mappings with source, state, last result, lag and throughput. Not part of AWS.

    Counts are since the mapping's polling began. In a pipe each line is one mapping; programs read --json.
    """
    with client_for(endpoint, region) as client:
        found = client.call("GET", MAPPINGS)
    if as_json:
        show.document(found)
        return
    told = found.get("mappings")
    listed = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    if not listed:
        show.note("there are no event source mappings")
    elif show.out.is_terminal:
        _tell(listed)
    else:
        for one in listed:
            counts = one.get("counts") or {}
            values = [one.get(member) for member in (*_PIPED, "events_per_s")]
            values += [counts.get(name) for name in _COUNTS]
            show.table((), [["-" if value is None else str(value) for value in values]])


def _tell(listed: Sequence[Mapping[str, Any]]) -> None:
    rows = [
        [
            _function(one),
            _last(one, "source"),
            str(one.get("state")),
            _known(one.get("waiting")),
            f"{_known(one.get('running'))} of {_known(one.get('allowed'))}",
            _known(one.get("events_per_s")),
        ]
        for one in listed
    ]
    show.table(("function", "source", "state", "waiting", "calls", "events/s"), rows)
    for one in listed:
        if line := trouble(one):
            show.out.print(f"{_function(one)} ({one.get('uuid')}): {line}", markup=False)


def trouble(one: Mapping[str, Any]) -> str:
    """What is wrong with a mapping, in words; empty when nothing is."""
    if one.get("not_polled"):
        return str(one["not_polled"])
    result = one.get("last_result")
    return str(result) if result and result != "OK" else ""


def _function(one: Mapping[str, Any]) -> str:
    """As it is named in commands: without the ARN's head."""
    return ":".join(str(one.get("function")).split(":")[6:]) or "-"


def _last(one: Mapping[str, Any], member: str) -> str:
    """The name at the end of an ARN; servers and the like as they are."""
    text = str(one.get(member))
    return text.rpartition(":")[2] if text.startswith("arn:") else text


def _known(value: object) -> str:
    return "-" if value is None else str(value)
