"""`lambdad logs NAME...`: what functions have written, through the CloudWatch Logs API, oldest first.

Chooses what is read (`log_sources`, `log_reading`, `log_following`) and how it looks (`log_lines`).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Annotated

import typer

from lambdad.cli import options, show
from lambdad.cli.client import Client, client_for
from lambdad.cli.errors import USAGE, CommandError
from lambdad.cli.log_following import Following
from lambdad.cli.log_lines import Look, as_json, as_plain, as_raw, as_shown, day_of
from lambdad.cli.log_reading import LogLine, OneRequest, Wanted, by_group, read, read_request
from lambdad.cli.log_sources import Source, sources_of
from lambdad.cli.log_words import ERRORS_PATTERN, is_failure
from lambdad.cli.moments import range_ms

SINCE = "1h"
SINCE_FOR_REQUEST = "7d"
EXAMPLES = options.examples(
    "lambdad logs orders --since 2h --errors",
    "lambdad logs orders payments --follow",
    "lambdad logs --all --filter '{ $.level = \"WARN\" }'",
    "lambdad logs orders --request-id 8f5077ee-14f1-4e59-9bd0-1b2a3c4d5e6f",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for, beside the functions.

    Attributes:
        request_id: only this invocation; None for all.
        errors: only failures.
    """

    wanted: Wanted
    request_id: str | None
    errors: bool
    everything: bool

    def takes(self) -> Callable[[LogLine], bool]:
        """Whether an event that was read is printed; made once per run, for it remembers."""
        request = OneRequest(self.request_id) if self.request_id else None
        return lambda line: (
            (request is None or request.takes(line)) and (not self.errors or is_failure(line.message))
        )


def logs(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME...", help="function names, name:version or ARNs")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", "-a", help="every function")] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on until Ctrl-C")] = False,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="AGE|TIME", help="10m, 2h, 1d or an ISO time (default: 1h)"),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="AGE|TIME", help="nothing later (default: now)")
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option(
            "--filter", metavar="PATTERN", help="a filter pattern of CloudWatch Logs: ERROR, '{ $.ms > 9 }'"
        ),
    ] = None,
    errors: Annotated[bool, typer.Option("--errors", help="only errors and failed invocations")] = False,
    request_id: Annotated[
        str | None,
        typer.Option(
            "--request-id", metavar="ID", help="every line of one invocation; its beginning will do"
        ),
    ] = None,
    no_color: Annotated[bool, typer.Option("--no-color", help="as NO_COLOR=1 does")] = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="messages as they were written, control characters and all")
    ] = False,
    endpoint: options.Endpoint = None,
    region: options.Region = None,
    as_json: options.AsJson = False,
) -> None:
    """Print what functions have written, with START, END and REPORT lines. Times are in UTC."""
    asked = _asked(since, until, pattern, errors, request_id, everything, follow=follow)
    if raw and as_json:
        raise CommandError("--raw and --json exclude each other", USAGE)
    with client_for(endpoint, region) as client:
        sources = sources_of(client, names or (), everything)
        printer = Printer(_look(sources, no_color), raw=raw, as_json=as_json)
        if follow:
            _follow(lambda: client_for(endpoint, region), sources, asked, printer)
            return
        count = printer.print_all(_found(client, sources, asked))
    if request_id and not count:
        raise CommandError(
            f"no line names request {request_id} since {since or SINCE_FOR_REQUEST}; "
            "look further back with --since"
        )


def _asked(
    since: str | None,
    until: str | None,
    pattern: str | None,
    errors: bool,
    request_id: str | None,
    everything: bool,
    *,
    follow: bool,
) -> Asked:
    if follow and until is not None:
        raise CommandError("--until ends what --follow never does: leave one of them out", USAGE)
    if request_id is not None and (pattern is not None or not request_id.strip()):
        raise CommandError("--request-id takes an id, and prints every line of it: leave out --filter", USAGE)
    start, end = range_ms(since or (SINCE_FOR_REQUEST if request_id else SINCE), until, time.time())
    if errors and pattern is None and request_id is None:
        pattern = ERRORS_PATTERN
    return Asked(Wanted(start, end, pattern), request_id, errors, everything)


def _found(client: Client, sources: list[Source], asked: Asked) -> Iterator[LogLine]:
    groups = by_group(sources)
    if asked.request_id:
        found = read_request(client, groups, asked.wanted, asked.request_id)
        return (line for line in found if not asked.errors or is_failure(line.message))
    return filter(asked.takes(), read(client, groups, asked.wanted))


def _follow(connect: Callable[[], Client], sources: list[Source], asked: Asked, printer: Printer) -> None:
    refresh = (lambda again: by_group(sources_of(again, (), True))) if asked.everything else None
    following = Following(connect, by_group(sources), asked.wanted, show.note, refresh=refresh)
    takes = asked.takes()
    with closing(following.batches()) as batches:
        for batch in batches:
            printer.print_all(filter(takes, batch))


def _look(sources: list[Source], no_color: bool) -> Look:
    from rich.console import COLOR_SYSTEMS
    from rich.style import Style

    wanted = show.out.is_terminal and not (no_color or show.out.no_color)
    system = COLOR_SYSTEMS.get(show.out.color_system or "") if wanted else None

    def paint(text: str, style: str) -> str:
        return Style.parse(style).render(text, color_system=system) if system and style and text else text

    names = list(dict.fromkeys(one.name for one in sources))
    return Look(names, show.out.width, paint)


class Printer:
    """Prints events in one form, each at once, and says on a terminal when a day begins."""

    def __init__(self, look: Look, *, raw: bool, as_json: bool) -> None:
        self._look = look
        self._day = ""
        self._is_for_people = show.out.is_terminal and not (raw or as_json)
        self._form = self._form_of(raw, as_json)

    def _form_of(self, raw: bool, json_wanted: bool) -> Callable[[LogLine], str]:
        if json_wanted:
            return as_json
        if raw:
            return as_raw
        shown = as_shown if self._is_for_people else as_plain
        return lambda line: shown(line, self._look)

    def print_all(self, lines: Iterable[LogLine]) -> int:
        """Print events; how many."""
        count = 0
        for line in lines:
            if self._is_for_people and day_of(line) != self._day:
                self._day = day_of(line)
                show.write(self._look.paint(f"{self._day} UTC", "dim") + "\n")
            show.write(self._form(line) + "\n")
            count += 1
        sys.stdout.flush()
        return count
