"""The body of an extension's registration, read and checked; pure.

Source: spec of the Runtime API §3; AWS's emulator.
"""

from __future__ import annotations

import json


class DeprecatedKeys(ValueError):
    """The body asks for what an early form of the API had."""


def events_of(body: bytes) -> tuple[str, ...]:
    """The events of a registration, each once.

    Raises:
        ValueError: not an object, or its events are not a list of texts.
        DeprecatedKeys: it has ``configurationKeys``.
    """
    if not body:
        raise ValueError("unexpected end of JSON input")
    try:
        found = json.loads(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if found is None:
        return ()
    if not isinstance(found, dict):
        raise ValueError("the body of a registration is an object")  # noqa: TRY004 - bad data, not a bad call
    if found.get("configurationKeys"):
        raise DeprecatedKeys
    events = found.get("events") or []
    if not isinstance(events, list) or not all(isinstance(event, str) for event in events):
        raise ValueError("events is a list of texts")
    return tuple(dict.fromkeys(events))
