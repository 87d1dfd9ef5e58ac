"""Calls whose answers come as a stream, functions that wait for the test, and a runtime that streams."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.running import Server

BOOTSTRAP = r"""#!/usr/bin/python3 -u
import base64, http.client, json, os, socket, sys, time
API = os.environ["AWS_LAMBDA_RUNTIME_API"]
BASE = "/2018-06-01/runtime/invocation/"
HOST, PORT = API.split(":")
def ask(method, path, body=None):
    connection = http.client.HTTPConnection(API)
    connection.request(method, BASE + path, body)
    answer = connection.getresponse()
    return answer.status, dict((key.lower(), value) for key, value in answer.getheaders()), answer.read()
def take():
    status = 403
    while status == 403:  # the news that a stream was cut off may be slower than this
        status, headers, event = ask("GET", "next")
    return headers["lambda-runtime-aws-request-id"], json.loads(event), headers
class Stream:
    def __init__(self, request_id, mode="streaming", more="Content-Type: text/x-test\r\n"):
        self.socket = socket.create_connection((HOST, int(PORT)))
        self.raw(("POST %s%s/response HTTP/1.1\r\nHost: x\r\nLambda-Runtime-Function-Response-Mode: %s\r\n"
            "%sTransfer-Encoding: chunked\r\n\r\n" % (BASE, request_id, mode, more)).encode())
    def raw(self, data):
        self.socket.sendall(data)
    def write(self, data):
        self.raw(b"%x\r\n%s\r\n" % (len(data), data))
    def end(self, trailers=""):
        self.raw(("0\r\n" + trailers + "\r\n").encode())
        return self.answer()
    def answer(self):
        heard = self.socket.recv(4096).decode()
        self.socket.close()
        return heard.split("\r\n")[0], heard.rpartition("\r\n")[2]
def wait_for_tag(arn, tag):
    endpoint = os.environ["AWS_ENDPOINT_URL"].partition("://")[2]
    while True:
        connection = http.client.HTTPConnection(endpoint)
        connection.request("GET", "/2017-03-31/tags/" + "%3A".join(arn.split(":")[:7]))
        tags = json.loads(connection.getresponse().read()).get("Tags", {})
        connection.close()
        if tag in tags:
            return
        time.sleep(0.02)
"""
"""A custom runtime of a Python script that is appended."""


@dataclass
class Streamed:
    """What a caller of InvokeWithResponseStream sees."""

    response: dict[str, Any]
    pieces: list[bytes] = field(default_factory=list)
    complete: dict[str, str] | None = None

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def headers(self) -> dict[str, str]:
        found: dict[str, str] = self.response["ResponseMetadata"]["HTTPHeaders"]
        return found

    @property
    def request_id(self) -> str:
        return self.headers["x-amzn-requestid"]

    @property
    def log(self) -> str:
        assert self.complete is not None
        return base64.b64decode(self.complete["LogResult"]).decode("utf-8", "replace")

    def events(self) -> Iterator[dict[str, Any]]:
        """Events as they come, each kept."""
        for event in self.response["EventStream"]:
            assert self.complete is None
            if "PayloadChunk" in event:
                self.pieces.append(event["PayloadChunk"]["Payload"])
            else:
                self.complete = event["InvokeComplete"]
            yield event

    def wait(self, body: bytes) -> None:
        """Read until so much has come."""
        events = self.events()
        while self.body != body:
            assert body.startswith(self.body)
            next(events)

    def rest(self) -> Streamed:
        """Read to the end."""
        for _ in self.events():
            pass
        assert self.complete is not None
        return self

    def failed(self, code: str, message: str) -> None:
        """Assert how it ended; `{id}` in `message` stands for the request id."""
        self.rest()
        assert self.complete is not None
        assert self.complete["ErrorCode"] == code, self.complete
        details = json.loads(self.complete["ErrorDetails"])
        assert details["errorMessage"] == message.replace("{id}", self.request_id)


def begin(server: Server, name: str, event: Any = None, **parameters: Any) -> Streamed:
    """Call, and return when the head of the answer is there."""
    return Streamed(
        server.client().invoke_with_response_stream(
            FunctionName=name, Payload=json.dumps(event).encode(), **parameters
        )
    )


def stream(server: Server, name: str, event: Any = None, **parameters: Any) -> Streamed:
    """Call and read to the end."""
    return begin(server, name, event, **parameters).rest()


def release(server: Server, name: str, tag: str = "go") -> None:
    """Let a function go on that waits for this tag."""
    arn = server.client().get_function_configuration(FunctionName=name)["FunctionArn"]
    server.client().tag_resource(Resource=arn, Tags={tag: "1"})


def until(condition: Any, what: str) -> None:
    """Wait for something that is about to be so."""
    give_up = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < give_up, what
        time.sleep(0.02)
