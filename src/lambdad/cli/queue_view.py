"""How `lambdad queue` shows what is queued and owed: tables for people, lines for pipes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lambdad.cli import show

COUNTS: Final = (
    *("received", "tried", "refused", "succeeded", "failed", "looped", "dropped", "undelivered", "given_up"),
)
"""In the order of a piped line."""

_TABLED: Final = {
    "received": "received",
    "tried": "ran",
    "refused": "refused",
    "succeeded": "ok",
    "failed": "failed",
    "dropped": "dropped",
}
"""Counts by member, with headings that leave room for names at 80 columns."""


def report(found: Mapping[str, Any]) -> None:
    """Print the server's answer."""
    queues, owed = _objects(found.get("queues")), _objects(found.get("owed"))
    if not (queues or owed):
        show.note("nothing is queued, and nothing was since the server started")
    elif show.out.is_terminal:
        _tables(queues, owed)
    else:
        _lines(queues, owed)


def _lines(queues: Sequence[Mapping[str, Any]], owed: Sequence[Mapping[str, Any]]) -> None:
    for one in queues:
        now = [one.get(member) for member in ("events", "running", "oldest_s", "next_attempt_s")]
        _line("queue", [name_of(one), state_of(one), *now, *(_counts(one).get(name, 0) for name in COUNTS)])
    for one in owed:
        members = ("target", "messages", "attempts", "next_attempt_s", "last_error")
        _line("owed", [one.get(member) for member in members])


def many(count: int) -> str:
    """Events, counted in words."""
    return "1 event" if count == 1 else f"{count} events"


def _tables(queues: Sequence[Mapping[str, Any]], owed: Sequence[Mapping[str, Any]]) -> None:
    if queues:
        rows = [
            [
                name_of(one),
                state_of(one),
                str(one.get("events")),
                str(one.get("running")),
                duration(one.get("oldest_s")) if one.get("events") else "-",
                duration(one.get("next_attempt_s")),
            ]
            for one in queues
        ]
        show.table(("function", "state", "queued", "running", "oldest", "next try"), rows)
        show.out.print("since the server started:")
        counted = [[name_of(one), *(str(_counts(one).get(name, 0)) for name in _TABLED)] for one in queues]
        show.table(("function", *_TABLED.values()), counted)
        for one in queues:
            if line := _trouble(_counts(one)):
                show.out.print(f"{name_of(one)}: {line}", markup=False)
    if owed:
        show.out.print("owed to destinations and dead-letter queues:")
        for one in owed:
            _print_owed(one)


def _trouble(counts: Mapping[str, Any]) -> str:
    """What is seldom, in words."""
    words = []
    if looped := counts.get("looped"):
        words.append(f"{many(looped)} stopped in a recursive loop")
    if undelivered := counts.get("undelivered"):
        words.append(f"{undelivered} failed attempts to deliver")
    if given_up := counts.get("given_up"):
        words.append(f"{given_up} messages given up")
    return ", ".join(words)


def _print_owed(one: Mapping[str, Any]) -> None:
    messages, attempts = int(one.get("messages", 0)), int(one.get("attempts", 0))
    line = f"  {one.get('target')}\n    {messages} message{'' if messages == 1 else 's'}"
    if attempts:
        line += f", tried up to {attempts} time{'' if attempts == 1 else 's'}"
    line += f", next try {_in(one.get('next_attempt_s'))}"
    if one.get("last_error"):
        line += f"\n    {one['last_error']}"
    show.out.print(line, markup=False)


def _in(seconds: Any) -> str:
    return "now" if not seconds else f"in {duration(seconds)}"


def name_of(one: Mapping[str, Any]) -> str:
    """A queue as its function is named in commands."""
    qualifier = one.get("qualifier")
    return str(one.get("function")) if qualifier is None else f"{one.get('function')}:{qualifier}"


def state_of(one: Mapping[str, Any]) -> str:
    """What a queue is doing, in a word."""
    if one.get("paused"):
        return "paused"
    if one.get("throttled_s"):
        return "throttled"
    if one.get("running"):
        return "running"
    return "waiting" if one.get("events") else "empty"


def duration(seconds: float | None) -> str:
    """A time as people say it, in at most two units: ``45 s``, ``5 min``, ``2 h 10 min``."""
    if seconds is None:
        return "-"
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s" if whole or not seconds else "<1 s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def _line(kind: str, values: Sequence[object]) -> None:
    show.table((), [[kind, *("-" if value is None else str(value) for value in values)]])


def _counts(one: Mapping[str, Any]) -> Mapping[str, Any]:
    counts = one.get("since_start")
    return counts if isinstance(counts, dict) else {}


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
