"""A batch that fails is tried as often as its mapping says, whoever kills the server meanwhile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from calling import started
from local_services import eventually
from shard_calls import ACCOUNT, KinesisStreams

from tests.fakes.kinesis_server import kinesis_server

RETRIES = 4
FAILS = """
import json
def handler(event, context):
    print("TRIED", json.dumps([context.aws_request_id, len(event["Records"])]))
    if len(event["Records"]) > 1:
        raise ValueError("no")
"""


def tried(streams: KinesisStreams, function: str, count: int) -> list[Any]:
    """Request ID and records of so many calls."""

    def found() -> list[Any]:
        lines = [line for line in streams.server.messages(function) if line.startswith("TRIED ")]
        return [json.loads(line.removeprefix("TRIED ")) for line in lines] if len(lines) >= count else []

    return list(eventually(found, f"{count} calls"))


def test_retries_hold_over_kill_9(tmp_path: Path) -> None:
    signed = {"LAMBDAD_SERVICES_KINESIS_CREDENTIALS": f"{ACCOUNT}:secret"}
    with kinesis_server() as url:
        env = {"LAMBDAD_SERVICES_KINESIS_ENDPOINT": url} | signed
        with started(tmp_path / "data", env=env) as server:
            streams = KinesisStreams(server, url)
            stream, function = streams.stream(), streams.function(FAILS)
            streams.put(stream, "a", "b")
            streams.mapping(function, stream, MaximumRetryAttempts=RETRIES)
            tried(streams, function, 3)
            server.kill()
        with started(tmp_path / "data", env=env) as server:
            streams = KinesisStreams(server, url)
            streams.put(stream, "alone")
            eventually(lambda: tried(streams, function, 1)[-1][1] == 1, "what follows the batch")
            *calls, (_, last) = tried(streams, function, RETRIES + 2)
            assert last == 1
            assert {records for _, records in calls} == {2}
            assert len({request_id for request_id, _ in calls}) == 1
            # A call that was under way when the server died may have ended unseen.
            assert RETRIES + 1 <= len(calls) <= RETRIES + 2
