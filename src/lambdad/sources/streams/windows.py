"""Tumbling windows: which one a record belongs to, when it ends, and what is called with; pure.

Windows are cut by when records were written, and stand on multiples of their length. A window ends when a
record of a later one comes, or when its time is over and nothing of it can come any more. Then the function
is called once more, without records, and its state is gone. A state that is too large ends the window early;
what follows of the same time begins with an empty one.

Source: developer guide, "Implementing stateful Kinesis Data Streams processing in Lambda"; AWS's
aws-lambda-events for Rust ("subsequent invoke will continue the same window with a fresh state");
radkawar/stackd's measured windows (the last call has no records; a record of its failure has
`timeWindowInfo`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from lambdad.domain.limits import MAX_WINDOW_STATE_BYTES
from lambdad.domain.stream_record import OpenWindow
from lambdad.sources.streams.records import Place, encoded

NO_STATE: Final = "PROBLEM: The function's response has no state, which a tumbling window needs."
"""AWS's own words are not public; that it counts as a failure is documented."""


_NOTHING: Final = msgspec.Raw()


class _Answer(msgspec.Struct):
    state: msgspec.Raw = _NOTHING


_answers: Final = msgspec.json.Decoder(_Answer)


def opened(arrived_s: float, length_s: int) -> OpenWindow:
    """The window of a record that was written then."""
    start_s = arrived_s - arrived_s % length_s
    return OpenWindow(start_s, start_s + length_s)


def is_past(window: OpenWindow, arrived_s: float) -> bool:
    """Whether a record that was written then belongs to a later window."""
    return arrived_s >= window.end_s


def state_in(answer: bytes) -> str | None:
    """The state that a function returned; None when it returned none."""
    try:
        state = _answers.decode(answer).state
    except (ValueError, RecursionError):
        return None
    text = bytes(state).decode().strip()
    return text if text.startswith("{") else None


def gone_on(window: OpenWindow, answer: bytes) -> OpenWindow:
    """A window after records of it were settled."""
    state = state_in(answer)
    if state is None:
        return window
    return replace(window, state=state, is_over=len(state.encode()) > MAX_WINDOW_STATE_BYTES)


def ended(window: OpenWindow) -> OpenWindow | None:
    """What follows a window after its last call; None when nothing is open."""
    return OpenWindow(window.start_s, window.end_s) if window.is_over else None


def payload(window: OpenWindow, place: Place, events: Sequence[bytes], *, is_final: bool) -> bytes:
    """The event of a call in a window."""
    rest = {
        "window": _span(window),
        "state": msgspec.Raw(window.state.encode()),
        "shardId": place.shard,
        "eventSourceARN": place.source,
        **_flags(window, is_final=is_final),
    }
    return b'{"Records":[' + b",".join(events) + b"]," + encoded(rest)[1:]


def info(window: OpenWindow, *, is_final: bool) -> dict[str, Any]:
    """What a record of failure says of the window."""
    return {"timeWindowInfo": {"window": _span(window), **_flags(window, is_final=is_final)}}


def _flags(window: OpenWindow, *, is_final: bool) -> dict[str, bool]:
    return {"isFinalInvokeForWindow": is_final, "isWindowTerminatedEarly": is_final and window.is_over}


def _span(window: OpenWindow) -> dict[str, str]:
    return {"start": _date(window.start_s), "end": _date(window.end_s)}


def _date(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
