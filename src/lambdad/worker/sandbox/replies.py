"""Tables to pid 1 of a sandbox and what it replies, as packets."""

from __future__ import annotations

import json
from typing import Final, cast

from lambdad.worker.sandbox.helper import News
from lambdad.worker.sandbox.launcher.first.table import ANSWER, ENDED, READY, REPLY_BYTES, Table, reply

_EVENTS: Final = {ENDED: "ended", ANSWER: "answer", READY: "ready"}


def encode(message: News) -> bytes:
    """A `table`, under the `number` of the question if it is one."""
    return cast("Table", message["table"]).packed(cast("int", message.get("number", 0)))


def decode(data: bytes) -> News:
    """What pid 1 says; before it is what it shall be, it says in JSON what has failed."""
    if data.startswith(b"{"):
        failure: News = json.loads(data)
        return failure
    error, at, value, kind, number = reply(data)
    return {
        "event": _EVENTS.get(kind),
        "errno": error,
        "at": at,
        "value": value,
        "number": number,
        "behind": data[REPLY_BYTES:],
    }
