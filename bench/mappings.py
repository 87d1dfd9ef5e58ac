"""Event source mappings of a server under measurement: make one, switch it, wait for its state."""

from __future__ import annotations

import json
import time
from contextlib import closing
from typing import Any

from bench import client

_MAPPINGS = "/2015-03-31/event-source-mappings"
_WITHIN_S = 120.0


def create(port: int, function: str, source: str | None, **members: Any) -> str:
    """Make a mapping and wait until it is in use; its UUID. Without a source, members say what it is.

    Raises:
        CallError: it is refused, or does not come into use.
    """
    with closing(client.dial(port)) as line:
        named = {} if source is None else {"EventSourceArn": source}
        body = json.dumps({"FunctionName": function, **named, **members}).encode()
        seen = client.call(line, "POST", f"{_MAPPINGS}/", body)
    if seen.status != 202:
        raise client.CallError(f"create mapping: {seen.status} {seen.body[:300]!r}")
    uuid = str(json.loads(seen.body)["UUID"])
    settled(port, uuid, "Disabled" if members.get("Enabled") is False else "Enabled")
    return uuid


def enable(port: int, uuid: str, *, enabled: bool, wait: bool = True) -> None:
    """Switch a mapping on or off.

    Raises:
        CallError: it is refused, or does not become so.
    """
    with closing(client.dial(port)) as line:
        seen = client.call(line, "PUT", f"{_MAPPINGS}/{uuid}", json.dumps({"Enabled": enabled}).encode())
    if seen.status != 202:
        raise client.CallError(f"update mapping: {seen.status} {seen.body[:300]!r}")
    if wait:
        settled(port, uuid, "Enabled" if enabled else "Disabled")


def settled(port: int, uuid: str, state: str) -> None:
    """Wait until a mapping has a state.

    Raises:
        CallError: it does not get there.
    """
    deadline = time.monotonic() + _WITHIN_S
    with closing(client.dial(port)) as line:
        while json.loads(client.call(line, "GET", f"{_MAPPINGS}/{uuid}").body).get("State") != state:
            if time.monotonic() > deadline:
                raise client.CallError(f"the mapping is not {state}")
            time.sleep(0.02)


def counts(port: int, uuid: str) -> dict[str, int]:
    """Events of a mapping since its polling began, by what became of them; nothing before.

    Raises:
        CallError: it is not told.
    """
    with closing(client.dial(port)) as line:
        seen = client.call(line, "GET", "/lambdad/v1/mappings")
    if seen.status != 200:
        raise client.CallError(f"mappings: {seen.status} {seen.body[:300]!r}")
    found = [one.get("counts") for one in json.loads(seen.body)["mappings"] if one["uuid"] == uuid]
    return {"invoked": 0} | (found[0] if found and found[0] else {})
