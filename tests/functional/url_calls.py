"""Calls of function URLs with a real HTTP client, and functions that answer what they are told."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from tests.running import Server

RETURNS = """
import base64, json, os, time
def handler(event, context):
    if event["rawPath"] == "/event":
        return {"statusCode": 200, "body": json.dumps(event)}
    if event["rawPath"] == "/raise":
        raise ValueError("secret of the function")
    if event["rawPath"] == "/exit":
        os._exit(3)
    if event["rawPath"] == "/sleep":
        time.sleep(60)
    body = event.get("body") or "null"
    return json.loads(base64.b64decode(body) if event["isBase64Encoded"] else body)
"""
"""Returns what is posted to it."""
OF_URL = {"Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE"}
OF_FUNCTION = {"Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True}


@dataclass(frozen=True)
class Heard:
    """What a client of a function URL hears."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str | None:
        found = self.all(name)
        assert len(found) <= 1, found
        return found[0] if found else None

    def json(self) -> Any:
        return json.loads(self.body)


class Url:
    """A function URL of a server.

    Attributes:
        host: what the client sends as `Host`.
    """

    def __init__(self, server: Server, url_id: str, region: str = "us-east-1") -> None:
        self.server = server
        self.url_id = url_id
        self.host = f"{url_id}.lambda-url.{region}.localhost:{server.port}"

    @contextmanager
    def connected(self) -> Iterator[http.client.HTTPConnection]:
        """A connection to the server; give it to more than one call."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)) as made:
            yield made

    def send(
        self,
        connection: http.client.HTTPConnection,
        method: str = "GET",
        path: str = "/",
        body: Any = None,
        headers: dict[str, str] | None = None,
        host: str | None = None,
    ) -> http.client.HTTPResponse:
        """Send a request; the answer's head. What is no bytes is sent as JSON."""
        sent = {"Host": host or self.host, **(headers or {})}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        connection.request(method, path, body, sent)
        return connection.getresponse()

    def call(self, *what: Any, over: http.client.HTTPConnection | None = None, **more: Any) -> Heard:
        """Method, path and body; over a connection of its own unless one is given."""
        if over is None:
            with self.connected() as over:
                return self.call(*what, over=over, **more)
        answer = self.send(over, *what, **more)
        return Heard(answer.status, answer.getheaders(), answer.read())

    def returns(self, value: Any, method: str = "POST", **more: Any) -> Heard:
        """Call a function that returns what it gets."""
        return self.call(method, "/", value, **more)


def grant(server: Server, name: str, *grants: dict[str, Any], **more: Any) -> None:
    """Let everybody do something."""
    for one in grants:
        sid = str(one["Action"]).partition(":")[2]
        server.client().add_permission(FunctionName=name, StatementId=sid, Principal="*", **one, **more)


def make_url(server: Server, name: str, **given: Any) -> Url:
    """Give a function a URL that nobody may call yet."""
    made = server.client().create_function_url_config(FunctionName=name, **({"AuthType": "NONE"} | given))
    return Url(server, id_in(made["FunctionUrl"]))


def open_url(server: Server, name: str, **given: Any) -> Url:
    """Give a function a URL that everybody may call."""
    grant(server, name, OF_URL, OF_FUNCTION)
    return make_url(server, name, **given)


def id_in(address: str) -> str:
    """The id in a URL of either form."""
    host, _, path = address.partition("://")[2].partition("/")
    return path.rstrip("/").rpartition("/")[2] if path else host.partition(".")[0]
