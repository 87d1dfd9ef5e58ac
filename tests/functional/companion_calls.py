"""A server with its companion, and functions that tell what they were called with."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from typing import Any

import boto3
import local_services
from botocore.config import Config

from tests.running import Server

ACCOUNT, REGION = "000000000000", "us-east-1"
eventually = partial(local_services.eventually, within_s=30.0)
RECORDER = """
import json
def handler(event, context):
    print("GOT", json.dumps(event))
    if isinstance(event, dict) and event.get("boom"):
        raise ValueError("boom")
    if isinstance(event, dict) and "requestContext" in event:
        path = event.get("rawPath") or event.get("path")
        return {"statusCode": 201, "headers": {"x-from": "function"}, "body": json.dumps({"path": path})}
    return {"got": event}
"""


class Recorder:
    """A function that prints its events."""

    def __init__(self, server: Server, **parameters: Any) -> None:
        self.server = server
        self.name = server.function({"app.py": RECORDER}, **parameters)
        self.arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"

    def permit(self, service: str, source_arn: str, **more: str) -> None:
        """Let a service call it for one of its resources."""
        self.server.client().add_permission(
            FunctionName=self.name,
            StatementId=f"s{time.monotonic_ns()}",
            Action="lambda:InvokeFunction",
            Principal=service,
            SourceArn=source_arn,
            **more,
        )

    def events(self) -> list[Any]:
        """What it was called with so far."""
        messages = self.server.messages(self.name)
        return [json.loads(each[4:]) for each in messages if each.startswith("GOT ")]

    def wait(self, fits: Callable[[Any], bool]) -> Any:
        """The first event that fits, once there is one."""

        def found() -> list[Any]:
            return [event for event in self.events() if fits(event)]

        return eventually(found, f"an event that fits; there are {self.events()}: {self.server.log[-2000:]}")[
            0
        ]


def s3_of(server: Server) -> Any:
    """A client of S3 by paths: names of buckets need not resolve."""
    return boto3.client(
        "s3",
        endpoint_url=server.url,
        region_name=REGION,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="secret",
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}, read_timeout=60),
    )


def fetch(
    url: str, host: str | None = None, *, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """A plain request: status, headers, body."""
    request = urllib.request.Request(
        url, method=method, headers={**({"Host": host} if host else {}), **headers}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()
