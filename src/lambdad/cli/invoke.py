"""`lambdad invoke NAME`: one invocation; the answer goes to stdout untouched.

Exit status: 0 when the function answered or its event is queued, 1 when it failed or could not be invoked.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from lambdad.cli.client import INVOKE_TIMEOUT_S, Answer, accepted, client_for, function_path
from lambdad.cli.errors import USAGE, CommandError


def parser() -> argparse.ArgumentParser:
    """The options of `lambdad invoke`."""
    made = argparse.ArgumentParser(
        prog="lambdad invoke",
        description="Invoke a function and print its answer; exit status 1 when the function failed.",
        allow_abbrev=False,
    )
    made.add_argument("name", metavar="NAME", help="function name, name:qualifier or ARN")
    made.add_argument(
        "-p", "--payload", metavar="JSON|@FILE|-", default="{}", help="the event (default: {}); - reads stdin"
    )
    made.add_argument("-q", "--qualifier", metavar="VERSION", help="a version or alias")
    made.add_argument("--tail", action="store_true", help="print the last 4 KiB of the log to stderr")
    made.add_argument(
        "--async", dest="queued", action="store_true", help="queue the event; prints its request id"
    )
    made.add_argument("--json", action="store_true", help="print status, error, version, log and payload")
    made.add_argument("--endpoint", metavar="URL", help="default: $LAMBDAD_ENDPOINT or http://127.0.0.1:4566")
    made.add_argument("--region", metavar="REGION", help="default: $AWS_REGION or us-east-1")
    return made


def run(arguments: Sequence[str]) -> int:
    """Invoke, print, and return the exit status."""
    given = parser().parse_args(arguments)
    if given.queued and given.tail:
        raise CommandError("--tail shows nothing with --async: the function runs later", USAGE)
    payload = read_payload(given.payload)
    with client_for(given.endpoint, given.region) as client:
        answer = client.request(
            "POST",
            function_path(given.name, "/invocations"),
            query=[("Qualifier", given.qualifier)] if given.qualifier else [],
            body=payload,
            headers=_headers(given),
            timeout_s=INVOKE_TIMEOUT_S,
        )
    accepted(answer)
    if given.queued:
        request_id = answer.headers.get("x-amzn-requestid", "")
        print(json.dumps({"status": answer.status, "requestId": request_id}) if given.json else request_id)
    elif given.json:
        print(json.dumps(described(answer)))
    else:
        if given.tail:
            sys.stderr.write(log_tail(answer))
            sys.stderr.flush()
        sys.stdout.buffer.write(answer.body + (b"" if answer.body.endswith(b"\n") else b"\n"))
        sys.stdout.flush()
    return 1 if "x-amz-function-error" in answer.headers else 0


def _headers(given: argparse.Namespace) -> dict[str, str]:
    if given.queued:
        return {"x-amz-invocation-type": "Event"}
    return {"x-amz-log-type": "Tail"} if given.tail or given.json else {}


def read_payload(source: str) -> bytes:
    """The event's bytes from a literal, ``@file`` or ``-`` (stdin).

    Raises:
        CommandError: the file cannot be read, or a literal is not JSON.
    """
    if source == "-":
        return sys.stdin.buffer.read()
    if source.startswith("@"):
        try:
            return Path(source[1:]).read_bytes()
        except OSError as error:
            raise CommandError(f"--payload {source}: {error.strerror}", USAGE) from None
    try:
        json.loads(source)
    except ValueError as error:
        raise CommandError(f"--payload is not JSON ({error}); a file is given as @FILE", USAGE) from None
    return source.encode()


def log_tail(answer: Answer) -> str:
    """The end of the invocation's log, as text."""
    return base64.b64decode(answer.headers.get("x-amz-log-result", "")).decode(errors="replace")


def described(answer: Answer) -> dict[str, object]:
    """Everything an invocation answered, for programs; `payload` is text when it is not JSON."""
    try:
        payload: object = json.loads(answer.body)
    except ValueError:
        payload = answer.body.decode(errors="replace")
    return {
        "status": answer.status,
        "functionError": answer.headers.get("x-amz-function-error"),
        "executedVersion": answer.headers.get("x-amz-executed-version"),
        "log": log_tail(answer),
        "payload": payload,
    }
