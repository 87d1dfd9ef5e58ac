"""Functions run for what their log has then."""

from __future__ import annotations

import json
import time
from typing import Any

from calling import call

from tests.running import Server


def read(server: Server, name: str, group: str, until: str) -> list[str]:
    """Messages of a group once one holds `until`."""
    logs = server.client("logs")
    for _ in range(200):
        try:
            found = [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]
        except logs.exceptions.ResourceNotFoundException:
            found = []
        if any(until in message for message in found):
            return found

        time.sleep(0.05)
    raise AssertionError(f"{until} never came: {found}")


def run(
    server: Server, source: dict[str, Any], config: dict[str, str], event: Any = None, until: str = "plain"
) -> list[str]:
    name = server.function(LoggingConfig=config, **source)
    call(server, name, event)
    return read(server, name, config.get("LogGroup", f"/aws/lambda/{name}"), until)


def kinds(messages: list[str]) -> list[str]:
    """Types of platform events and levels of the function's records, in order; other lines as they are."""
    found = []
    for message in messages:
        try:
            parsed = json.loads(message)
        except ValueError:
            found.append(message.strip())
        else:
            found.append(parsed.get("type") or f"{parsed.get('message', '')} {parsed['level']}".strip())
    return found
