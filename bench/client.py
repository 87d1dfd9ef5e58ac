"""The few AWS calls the bench makes, by the standard library: create a function, wait, invoke."""

from __future__ import annotations

import base64
import http.client
import json
import time
from dataclasses import dataclass

from bench.functions import Spec

# Permissive servers take any signature: only the account, date, region and service of the scope count.
AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=000000000000/20261123/us-east-1/lambda/aws4_request,"
    " SignedHeaders=host, Signature=" + "0" * 64
)
ROLE = "arn:aws:iam::000000000000:role/bench"
_FUNCTIONS = "/2015-03-31/functions"


class CallError(Exception):
    """A call was not answered as it should be; the message has status and body."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A whole answer and how long it took, in seconds."""

    status: int
    body: bytes
    function_error: str | None
    seconds: float


def call(
    connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None
) -> Answered:
    """Make one call and read the whole answer; the time includes both."""
    headers = {"Content-Type": "application/json", "Authorization": AUTHORIZATION}
    begin = time.perf_counter()
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    content = response.read()
    seconds = time.perf_counter() - begin
    return Answered(response.status, content, response.getheader("X-Amz-Function-Error"), seconds)


def dial(port: int, timeout_s: float = 60.0) -> http.client.HTTPConnection:
    """Open a connection to a server on the loopback address."""
    return http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)


def invoke_path(name: str) -> str:
    """Give the path that invokes a function."""
    return f"{_FUNCTIONS}/{name}/invocations"


def list_functions(port: int) -> bool:
    """Say whether the server answers ListFunctions: the first answered request of a start."""
    connection = dial(port, 5)
    try:
        return call(connection, "GET", f"{_FUNCTIONS}/").status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def create_function(port: int, spec: Spec, timeout_s: float = 60.0) -> None:
    """Create a function and wait until it is Active.

    Raises:
        CallError: when the server refuses it or it does not become Active.
    """
    request = {
        "FunctionName": spec.name,
        "Runtime": spec.runtime,
        "Role": ROLE,
        "Handler": spec.handler,
        "Timeout": 30,
        "MemorySize": spec.memory_mib,
        "Code": {"ZipFile": base64.b64encode(spec.zipped()).decode()},
    }
    connection = dial(port, timeout_s)
    try:
        made = call(connection, "POST", _FUNCTIONS, json.dumps(request).encode())
        if made.status not in (200, 201):
            raise CallError(f"CreateFunction {spec.name}: {made.status} {made.body[:300]!r}")
        _await_active(connection, spec.name, time.monotonic() + timeout_s)
    finally:
        connection.close()


def _await_active(connection: http.client.HTTPConnection, name: str, deadline: float) -> None:
    while True:
        seen = call(connection, "GET", f"{_FUNCTIONS}/{name}/configuration")
        state = json.loads(seen.body).get("State") if seen.status == 200 else f"status {seen.status}"
        if state in ("Active", None):
            return
        if state == "Failed" or time.monotonic() > deadline:
            raise CallError(f"{name} is {state}: {seen.body[:300]!r}")
        time.sleep(0.02)


def invoke(port: int, path: str, body: bytes, *, timeout_s: float = 60.0) -> Answered:
    """Invoke over a fresh connection.

    Raises:
        CallError: when the answer is not a function's success.
    """
    connection = dial(port, timeout_s)
    try:
        seen = call(connection, "POST", path, body)
    except (OSError, http.client.HTTPException) as error:
        raise CallError(f"{path}: {type(error).__name__}: {error}") from error
    finally:
        connection.close()
    check(seen, path)
    return seen


def check(seen: Answered, path: str) -> None:
    """Refuse an answer that is an error, by status, header or an error object in the body.

    Raises:
        CallError: with the status and the beginning of the body.
    """
    failed = seen.status != 200 or seen.function_error or b'"errorType"' in seen.body[:2000]
    if failed:
        raise CallError(f"{path}: {seen.status} {seen.function_error or ''} {seen.body[:300]!r}")
