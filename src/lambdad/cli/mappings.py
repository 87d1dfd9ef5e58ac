"""`lambdad mappings`: event source mappings at work and steered, beyond what AWS shows of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from lambdad.cli import options, show
from lambdad.cli.client import client_for
from lambdad.cli.errors import USAGE, CommandError
from lambdad.cli.moments import duration

MAPPINGS: Final = "/lambdad/v1/mappings"
_PIPED: Final = ("uuid", "state", "function", "source", "last_result", "waiting", "running", "allowed")
_COUNTS: Final = ("polled", "filtered_out", "invoked", "failed_invoke", "deleted", "dropped")
_WORDS: Final = ("trim-horizon", "latest")

app = typer.Typer(
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def mappings(
    context: typer.Context,
    endpoint: options.Endpoint = None,
    region: options.Region = None,
    as_json: options.AsJson = False,
) -> None:
    """List event source mappings with source, state, last result, lag and throughput. Not part of AWS.

    Streams and topics are listed by shard and partition, too. Counts are since the mapping's polling began.
    In a pipe each line is one mapping; programs read --json.
    """
    if context.invoked_subcommand is not None:
        return
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


@app.command("reset")
def reset(
    uuid: Annotated[str, typer.Argument(metavar="UUID", help="of the mapping")],
    to: Annotated[
        str, typer.Option(metavar="WHERE", help="trim-horizon, latest, or an ISO time (UTC)")
    ] = "trim-horizon",
    endpoint: options.Endpoint = None,
    region: options.Region = None,
    as_json: options.AsJson = False,
) -> None:
    """Have a mapping read its stream again from its beginning, its end or a time. Not part of AWS.

    What was read before is forgotten: records come twice, or never. A mapping that is disabled begins there
    when it is enabled.
    """
    if to not in _WORDS:
        to = _iso(to)
    with client_for(endpoint, region) as client:
        said = client.call("POST", f"{MAPPINGS}/reset", {"uuid": uuid, "to": to})
    if as_json:
        show.document(said)
    else:
        show.note(f"{uuid} reads from {said.get('to')}")


def _iso(text: str) -> str:
    """An ISO time with its zone.

    Raises:
        CommandError: it is none.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"--to {text}: give trim-horizon, latest or an ISO time", USAGE) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


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
    parts = [row for one in listed for row in _parts(one)]
    if parts:
        show.table(("function", "part", "state", "behind", "waiting", "events/s", "position"), parts)
    for one in listed:
        if line := trouble(one):
            show.out.print(f"{_function(one)} ({one.get('uuid')}): {line}", markup=False)


def _parts(one: Mapping[str, Any]) -> Iterator[list[str]]:
    """A row for each shard or partition that has not ended."""
    for part in one.get("parts") or ():
        if part.get("state") == "ended":
            continue
        behind = part.get("behind_ms")
        yield [
            _function(one),
            str(part.get("name")),
            str(part.get("state")),
            "-" if behind is None else duration(behind / 1000),
            _known(part.get("waiting")),
            _known(part.get("events_per_s")),
            _known(part.get("position")),
        ]


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
