"""`lambdad queue`: asynchronous invocation seen and steered, beyond what AWS offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from lambdad.cli import options, queue_view, show
from lambdad.cli.client import Client, client_for

QUEUE = "/lambdad/v1/queue"

Function = Annotated[str, typer.Argument(metavar="FUNCTION", help="function name, name:qualifier or ARN")]

app = typer.Typer(
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def queue(
    context: typer.Context,
    endpoint: options.Endpoint = None,
    region: options.Region = None,
    as_json: options.AsJson = False,
) -> None:
    """Show what is queued for asynchronous invocation, or steer it. Not part of AWS: there a queue is hidden.

    A function called as NAME:QUALIFIER has a queue of its own for each qualifier. Counts are since the server
    started. In a pipe each line begins with `queue` or `owed`; programs read --json.
    """
    if context.invoked_subcommand is not None:
        return
    with client_for(endpoint, region) as client:
        found = client.call("GET", QUEUE)
    if as_json:
        show.document(found)
        return
    queue_view.report(found)


@app.command("pause")
def pause(
    function: Function,
    endpoint: options.Endpoint = None,
    region: options.Region = None,
    as_json: options.AsJson = False,
) -> None:
    """Start no queued events of a function until it is resumed, over restarts. Not part of AWS.

    Events are still accepted, and end when they are too old. Synchronous calls run.
    """
    _steer("pause", function, endpoint, region, as_json, lambda _: "paused")


@app.command("resume")
def resume(
    function: Function,
    endpoint: options.Endpoint = None,
    region: options.Region = None,
    as_json: options.AsJson = False,
) -> None:
    """Go on with the queued events of a function. Not part of AWS."""
    _steer("resume", function, endpoint, region, as_json, lambda _: "resumed")


@app.command("purge")
def purge(
    function: Function,
    endpoint: options.Endpoint = None,
    region: options.Region = None,
    as_json: options.AsJson = False,
) -> None:
    """Remove the queued events of a function that are not under way. Not part of AWS.

    They are lost: no destination and no dead-letter queue hears of them.
    """
    _steer(
        "purge",
        function,
        endpoint,
        region,
        as_json,
        lambda found: f"removed {queue_view.many(found['purged'])}",
    )


@app.command("redrive")
def redrive(
    function: Function,
    endpoint: options.Endpoint = None,
    region: options.Region = None,
    as_json: options.AsJson = False,
) -> None:
    """Queue again what is in the dead-letter queue of a function. Not part of AWS.

    The queue must be in SQS; topics keep nothing. Every dead letter in it is taken, so a queue that several
    functions share should not be redriven. A message is deleted only when its event is on disk.
    """
    _steer("redrive", function, endpoint, region, as_json, _redriven)


def _steer(
    what: str,
    function: str,
    endpoint: str | None,
    region: str | None,
    as_json: bool,
    told: Callable[[Mapping[str, Any]], str],
) -> None:
    with client_for(endpoint, region) as client:
        found = _until_done(client, what, function)
    if as_json:
        show.document(found)
    else:
        show.out.print(f"{queue_view.name_of(found)}: {told(found)}", markup=False)


def _until_done(client: Client, what: str, function: str) -> dict[str, Any]:
    """What the server did; a redrive goes on until there is no more."""
    found: dict[str, Any] = client.call("POST", f"{QUEUE}/{what}", {"function": function})
    while found.get("more"):
        further = client.call("POST", f"{QUEUE}/{what}", {"function": function})
        found = {**further, **{key: found[key] + further[key] for key in ("queued", "left")}}
    return found


def _redriven(found: Mapping[str, Any]) -> str:
    left = f"; {found['left']} left in it that are no dead letters or newer" if found["left"] else ""
    return f"queued {queue_view.many(found['queued'])} from {found['queue']}{left}"
