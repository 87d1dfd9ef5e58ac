"""Short ways to see and fill the queue of a running server."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from local_services import eventually

from tests.running import Server


def queue(server: Server, function: str) -> dict[str, Any]:
    """What is queued for a function, and what happened to its events since the start."""
    with urllib.request.urlopen(f"{server.url}/lambdad/v1/queue", timeout=30) as answer:
        queues = json.load(answer)["queues"]
    found: list[dict[str, Any]] = [one for one in queues if one["function"] == function]
    return found[0] if found else {"events": 0, "running": 0, "since_start": {}}


def steer(server: Server, operation: str, function: str) -> None:
    """Pause, resume or purge."""
    body = json.dumps({"function": function}).encode()
    with urllib.request.urlopen(f"{server.url}/lambdad/v1/queue/{operation}", body, timeout=30) as answer:
        assert answer.status == 200


def send(server: Server, function: str, payload: bytes = b"{}") -> str:
    """Invoke asynchronously; the request id."""
    answer = server.client().invoke(FunctionName=function, InvocationType="Event", Payload=payload)
    assert answer["StatusCode"] == 202
    return str(answer["ResponseMetadata"]["RequestId"])


def ended(server: Server, function: str, count: int) -> None:
    """Wait until so many events of a function have ended and none is queued."""

    def are_over() -> bool:
        found = queue(server, function)
        since = found["since_start"]
        return not found["events"] and since.get("succeeded", 0) + since.get("failed", 0) == count

    eventually(are_over)
