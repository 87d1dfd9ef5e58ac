"""Short ways to call a function and to read what came of it."""

from __future__ import annotations

import base64
import json
import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tests.running import Server, start_server, zip_of

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
TOOLS_HINT = "run `sh scripts/test_tools.sh` (make test does) to set up what this test needs"


@dataclass(frozen=True)
class Answer:
    """What a caller of Invoke sees."""

    status: int
    body: Any
    error: str | None
    log: str
    request_id: str
    version: str | None


def client_of(server: Server) -> Any:
    """A client that never repeats a call: every call is acknowledged or not."""
    return boto3.client(
        "lambda",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=30),
    )


@contextmanager
def started(data_dir: Path | str, *arguments: str, **options: Any) -> Iterator[Server]:
    """A server of the test's own; it ends with the block, cleanly unless it was killed in it."""
    server = start_server(data_dir, *arguments, **options)
    try:
        yield server
    finally:
        status = server.stop()
    assert status in (0, -signal.SIGKILL), server.log


def call(server: Server, name: str, event: Any = None, **parameters: Any) -> Answer:
    """Invoke with a JSON event and the log's tail."""
    parameters.setdefault("Payload", json.dumps(event).encode())
    answer = server.client().invoke(FunctionName=name, LogType="Tail", **parameters)
    payload = answer["Payload"].read()
    return Answer(
        status=answer["StatusCode"],
        body=json.loads(payload) if payload else None,
        error=answer.get("FunctionError"),
        log=base64.b64decode(answer.get("LogResult", "")).decode("utf-8", "replace"),
        request_id=answer["ResponseMetadata"]["RequestId"],
        version=answer.get("ExecutedVersion"),
    )


def publish_layer(server: Server, files: dict[str, str | bytes], *executable: str, name: str = "") -> str:
    """Publish a layer version; its ARN."""
    answer = server.client().publish_layer_version(
        LayerName=name or f"l-{uuid.uuid4().hex[:12]}",
        Content={"ZipFile": zip_of(files, executable=executable)},
    )
    arn: str = answer["LayerVersionArn"]
    return arn


def failed(answer: Answer, error_type: str, message: str) -> None:
    """Assert AWS's error object; `{id}` in `message` stands for the request id."""
    assert answer.status == 200
    assert answer.error == "Unhandled", answer
    assert answer.body["errorType"] == error_type, answer.body
    assert answer.body["errorMessage"] == message.replace("{id}", answer.request_id)
