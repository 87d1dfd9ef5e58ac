"""`lambdad logs NAME`: the function's log events through the CloudWatch Logs API, oldest first."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer

from lambdad.cli import options, show
from lambdad.cli.client import ApiError, Client, client_for, function_path
from lambdad.cli.errors import USAGE, CommandError

FOLLOW_EVERY_S = 0.5
SEEN_AGAIN_MS = 2_000
"""Events of this age are read again while following: streams are written independently."""
UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class LogLine:
    """One log event; `time_ms` since 1970."""

    event_id: str
    stream: str
    time_ms: int
    message: str


def logs(
    name: options.Name,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on until Ctrl-C")] = False,
    since: Annotated[
        str, typer.Option("--since", metavar="AGE|TIME", help="10m, 2h, 1d or an ISO time")
    ] = "1h",
    pattern: Annotated[
        str | None, typer.Option("--filter", metavar="TERM", help="only events that contain it")
    ] = None,
    endpoint: options.Endpoint = None,
    region: options.Region = None,
    as_json: options.AsJson = False,
) -> None:
    """Print what a function has written, with START, END and REPORT lines."""
    start_ms = since_ms(since, time.time())
    with client_for(endpoint, region) as client:
        group = log_group(client, name)
        for line in lines_of(client, group, start_ms, pattern, follow=follow, sleep=time.sleep):
            _print(line, as_json)


def _print(line: LogLine, as_json: bool) -> None:
    if as_json:
        show.record({"timestamp": line.time_ms, "logStreamName": line.stream, "message": line.message})
    else:
        sys.stdout.write(f"{clock(line.time_ms)} {line.message.rstrip()}\n")
    sys.stdout.flush()


def lines_of(
    client: Client,
    group: str,
    start_ms: int,
    pattern: str | None,
    *,
    follow: bool,
    sleep: Callable[[float], None],
) -> Iterator[LogLine]:
    """The events of a log group from `start_ms` on, each once; never ends when following."""
    seen: dict[str, int] = {}
    while True:
        for line in events_of(client, group, start_ms, pattern):
            if line.event_id not in seen:
                seen[line.event_id] = line.time_ms
                yield line
        if not follow:
            return
        newest = max(seen.values(), default=start_ms)
        start_ms = max(start_ms, newest - SEEN_AGAIN_MS)
        seen = {event: when for event, when in seen.items() if when >= start_ms}
        sleep(FOLLOW_EVERY_S)


def events_of(client: Client, group: str, start_ms: int, pattern: str | None) -> Iterator[LogLine]:
    """One pass over a log group; nothing when it does not exist yet."""
    members: dict[str, object] = {"logGroupName": group, "startTime": start_ms}
    if pattern:
        members["filterPattern"] = pattern if pattern.startswith('"') else f'"{pattern}"'
    while True:
        try:
            page = client.logs("FilterLogEvents", members)
        except ApiError as error:
            if error.code == "ResourceNotFoundException":
                return
            raise
        events = page.get("events")
        for event in events if isinstance(events, list) else []:
            yield LogLine(
                str(event.get("eventId")),
                str(event.get("logStreamName")),
                int(event.get("timestamp", 0)),
                str(event.get("message")),
            )
        token = page.get("nextToken")
        if not token:
            return
        members["nextToken"] = token


def log_group(client: Client, name: str) -> str:
    """The log group a function writes to; that of a deleted function by AWS's rule."""
    try:
        found = client.call("GET", function_path(name, "/configuration"))
    except ApiError as error:
        if error.code != "ResourceNotFoundException" or name.startswith("arn:"):
            raise
        show.note(f"there is no function {name} (any more); looking for its old logs")
        return f"/aws/lambda/{name.split(':', maxsplit=1)[0]}"
    logging = found.get("LoggingConfig")
    group = logging.get("LogGroup") if isinstance(logging, dict) else None
    return str(group or f"/aws/lambda/{found.get('FunctionName', name)}")


def since_ms(text: str, now_s: float) -> int:
    """``10m`` before `now_s`, or an ISO time (UTC unless it says otherwise), in ms since 1970.

    Raises:
        CommandError: it is neither.
    """
    age = re.fullmatch(r"(\d+)([smhd])", text)
    if age:
        return max(0, int((now_s - int(age[1]) * UNITS_S[age[2]]) * 1000))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"--since {text}: give an age like 10m, 2h, 1d or an ISO time", USAGE) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def clock(time_ms: int) -> str:
    """A moment as people read it in a log, UTC with milliseconds."""
    return (
        datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
