"""`lambdad top`: what functions do now, on the whole terminal, again and again.

Reads in a thread, so that keys and the size of the terminal are heeded while a server does not answer.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from lambdad.cli import options, show
from lambdad.cli.client import ApiError, Client, Unreachable, client_for
from lambdad.cli.errors import USAGE, CommandError
from lambdad.cli.metric_view import is_plain
from lambdad.cli.moments import duration
from lambdad.cli.top_reading import Picture, Reader
from lambdad.cli.top_view import SORTS, Screen, frame, ordered

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

EXAMPLES = options.examples(
    "lambdad top",
    "lambdad top --sort errors --every 5",
    "lambdad top --once --json",
)
TICK_S = 0.1
"""Between two looks at the keyboard and the size of the terminal."""
MOST_PIECES = 16
"""Bytes of keys that are read at once."""


@dataclass(slots=True)
class Latest:
    """What the reading thread has found: the newest picture, or why there is none newer.

    Attributes:
        number: grows with every change.
        gone_since_s: since when no server answers; None while one does.
        failed: what ends the command.
    """

    picture: Picture | None = None
    number: int = 0
    gone_since_s: float | None = None
    why: str = ""
    failed: CommandError | None = None


def top(
    sort: Annotated[
        str, typer.Option("--sort", metavar="COLUMN", help="one of " + ", ".join(SORTS))
    ] = "calls",
    every_s: Annotated[
        float, typer.Option("--every", metavar="SECONDS", help="between two refreshes", min=0.2, max=3_600)
    ] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="print one frame and end")] = False,
    endpoint: options.Endpoint = None,
    region: options.Region = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object for each refresh")] = False,
) -> None:
    """Watch what functions do now. Keys: s sorts by the next column, q quits.

    Rates are those of the last 10 seconds, durations those of this minute, `cold` counts environments made
    since the command began, and MB is what the environments of a function may use.
    """
    if sort not in SORTS:
        raise CommandError(f"--sort {sort}: give one of {', '.join(SORTS)}", USAGE)
    with client_for(endpoint, region) as client:
        if once or as_json:
            _print(client, sort, every_s, once=once, as_json=as_json)
        elif not (show.out.is_terminal and sys.stdin.isatty()):
            raise CommandError(
                "top needs a terminal; --once prints one frame, --json goes on in a pipe", USAGE
            )
        else:
            _watch(client, sort, every_s)


def _print(client: Client, sort: str, every_s: float, *, once: bool, as_json: bool) -> None:
    reader = Reader(client)
    while True:
        picture = reader.read(time.time())
        if as_json:
            rows = [asdict(row) for row in ordered(picture.rows, sort)]
            show.record({"time": picture.at_s, "functions": rows, "amiss": picture.amiss or None})
            sys.stdout.flush()
        else:
            screen = Screen(
                show.out.width, None, sort, every_s, client.endpoint, client.region, is_plain(), keys=False
            )
            for line in frame(picture, screen, picture.at_s):
                show.out.print(line)
        if once:
            return
        time.sleep(every_s)


def _watch(client: Client, sort: str, every_s: float) -> None:
    from rich.live import Live

    latest, stop = Latest(), threading.Event()
    reading = threading.Thread(target=_read_on, args=(Reader(client), latest, stop, every_s), daemon=True)
    reading.start()
    try:
        with _keys() as pressed, Live(console=show.out, screen=True, auto_refresh=False) as live:
            _draw_on(live, client, latest, sort, every_s, pressed)
    finally:
        stop.set()
    if latest.failed is not None:
        raise latest.failed


def _draw_on(
    live: Live, client: Client, latest: Latest, sort: str, every_s: float, pressed: Callable[[float], str]
) -> None:
    """Draw whenever there is something new, until somebody quits or nothing can be read any more."""
    drawn: object = None
    while latest.failed is None:
        width, height = show.out.size
        shown = (latest.number, width, height, sort, int(time.time()))
        if shown != drawn:
            screen = Screen(width, height, sort, every_s, client.endpoint, client.region, is_plain())
            lines = frame(latest.picture, screen, time.time(), _gone(latest))
            live.update(_whole(lines, height), refresh=True)
            drawn = shown
        match pressed(TICK_S):
            case "q" | "Q" | "\x03" | "\x04":
                return
            case "s":
                sort = SORTS[(SORTS.index(sort) + 1) % len(SORTS)]
            case "S":
                sort = SORTS[(SORTS.index(sort) - 1) % len(SORTS)]


def _whole(lines: list[Text], height: int) -> Group:
    from rich.console import Group

    for line in lines:
        line.no_wrap, line.overflow = True, "crop"
    return Group(*lines[:height])


def _gone(latest: Latest) -> str:
    if latest.gone_since_s is None:
        return ""
    since = duration(time.time() - latest.gone_since_s)
    return f"no server for {since}, waiting for it ({latest.why})"


def _read_on(reader: Reader, latest: Latest, stop: threading.Event, every_s: float) -> None:
    """The reading thread."""
    while not stop.is_set():
        try:
            latest.picture = reader.read(time.time())
            latest.gone_since_s = None
        except Unreachable as error:
            _lost(latest, error.why)
        except ApiError as error:
            if error.http_status >= 500:
                _lost(latest, error.code)
            else:
                latest.failed = error
        except CommandError as error:
            latest.failed = error
        latest.number += 1
        stop.wait(every_s)


def _lost(latest: Latest, why: str) -> None:
    latest.why = why
    if latest.gone_since_s is None:
        latest.gone_since_s = time.time()


@contextlib.contextmanager
def _keys() -> Iterator[Callable[[float], str]]:
    """Keys as they are pressed, without Return; the terminal is afterwards as it was."""
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)

    def pressed(within_s: float) -> str:
        readable, _, _ = select.select([descriptor], [], [], within_s)
        if not readable:
            return ""
        found = os.read(descriptor, MOST_PIECES).decode(errors="replace")
        return found[:1] if found else "q"  # the terminal is gone

    try:
        yield pressed
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
