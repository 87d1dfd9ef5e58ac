"""The functions of the soak: four kinds, each able to misbehave in the ways its event names."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from tests.running import ROLE, zip_of

_MEMORY_MIB = 256
_ROOMY_MIB = 1024
_PATIENCE_S = 30
"""On a busy machine a call may be slow; those that are to time out are of a kind of their own."""
SAMPLES = Path(__file__).parents[2] / "samples"

PYTHON = r"""
import os, signal, sys, time
def handler(event, context):
    verb = event["do"]
    print("printed", context.aws_request_id, flush=True)
    if verb == "raise":
        raise ValueError("asked to")
    if verb == "exit":
        os._exit(7)
    if verb == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if verb == "sleep":
        time.sleep(60)
    if verb == "linger":
        time.sleep(0.1)
    if verb == "memory":
        held = []
        while True:
            held.append(bytearray(8 << 20))
    if verb == "tmp":
        try:
            return fill("/tmp/full")
        finally:
            os.remove("/tmp/full")
    if verb == "large":
        return "x" * 6291600
    if verb == "print":
        for number in range(2000):
            print("line", number)
    if verb == "daemon":
        daemonise()
    if verb == "forks":
        forks()
    return event["number"]
def fill(path):
    try:
        with open(path, "wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 20))
    except OSError as error:
        return error.errno
def daemonise():
    if os.fork() == 0:
        os.setsid()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        if os.fork() == 0:
            time.sleep(1000)
        os._exit(0)
def forks():
    try:
        for _ in range(40):
            if os.fork() == 0:
                time.sleep(1000)
    except OSError:
        pass
"""

BROKEN_INIT = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"
HANGING_INIT = "import time\ntime.sleep(60)\n"

STREAM = r"""#!/usr/bin/python3 -Su
import os, socket, sys, time
HOST, PORT = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
def ask(data):
    link = socket.create_connection((HOST, int(PORT)))
    link.sendall(data)
    return link
def take():
    link = ask(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n")
    heard = b""
    while b"\r\n\r\n" not in heard:
        heard += link.recv(65536) or sys.exit(1)
    head, _, body = heard.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    while len(body) < int(fields[b"content-length"]):
        body += link.recv(65536)
    if not head.startswith(b"HTTP/1.1 200"):
        time.sleep(0.02)
        return None, b""
    return fields[b"lambda-runtime-aws-request-id"], body
while True:
    request_id, event = take()
    if request_id is None:
        continue
    print("printed", request_id.decode())
    link = ask(b"POST /2018-06-01/runtime/invocation/" + request_id + b"/response HTTP/1.1\r\nHost: x\r\n"
        b"Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\r\n")
    for number in range(4):
        link.sendall(b"5\r\npiece\r\n")
        if b'"linger"' in event:
            time.sleep(0.03)
        if b'"exit"' in event and number == 1:
            os._exit(7)
    link.sendall(b"0\r\n\r\n")
    link.recv(4096)
    link.close()
"""

EXTENSION = r"""#!/usr/bin/python3 -Su
import os, socket, sys
HOST, PORT = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
NAME = os.path.basename(sys.argv[0])
def ask(text, body=b""):
    link = socket.create_connection((HOST, int(PORT)))
    link.sendall(("%sHost: x\r\nContent-Length: %d\r\n\r\n" % (text, len(body))).encode() + body)
    heard = b""
    while b"\r\n\r\n" not in heard:
        heard += link.recv(65536) or sys.exit(1)
    head, _, body = heard.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    while len(body) < int(fields.get(b"content-length", b"0")):
        body += link.recv(65536) or sys.exit(1)
    link.close()
    return fields, body
fields, _ = ask("POST /2020-01-01/extension/register HTTP/1.1\r\nLambda-Extension-Name: %s\r\n" % NAME,
    b'{"events": ["INVOKE", "SHUTDOWN"]}')
mark = fields[b"lambda-extension-identifier"].decode()
while True:
    _, event = ask("GET /2020-01-01/extension/event/next HTTP/1.1\r\nLambda-Extension-Identifier: %s\r\n" % mark)
    if b"SHUTDOWN" in event:
        break
"""


class Kind(StrEnum):
    """What a function is made of."""

    PYTHON = "python"
    SHELL = "shell"
    EXTENDED = "extended"
    STREAM = "stream"
    BROKEN = "broken"
    HANGING = "hanging"
    HURRIED = "hurried"
    """As PYTHON, with one second to answer in."""
    ROOMY = "roomy"
    """As PYTHON, with memory enough for a full `/tmp`, which counts as memory of the function."""


@dataclass(frozen=True, slots=True)
class Function:
    """A deployed function."""

    name: str
    kind: Kind


def layer() -> bytes:
    """A layer with one extension, as a zip file."""
    return zip_of({"extensions/watcher": EXTENSION}, executable=("extensions/watcher",))


def create(client: Any, function: Function, layer_arn: str) -> None:
    """Create it and wait until it is active."""
    values: dict[str, Any] = {
        "Runtime": "python3.11",
        "Handler": "app.handler",
        "Timeout": _PATIENCE_S,
        "MemorySize": _MEMORY_MIB,
    }
    match function.kind:
        case Kind.PYTHON:
            files: dict[str, str | bytes] = {"app.py": PYTHON}
        case Kind.EXTENDED:
            files = {"app.py": PYTHON}
            values["Layers"] = [layer_arn]
        case Kind.ROOMY:
            files = {"app.py": PYTHON}
            values["MemorySize"] = _ROOMY_MIB
        case Kind.HURRIED:
            files = {"app.py": PYTHON}
            values["Timeout"] = 1
        case Kind.BROKEN:
            files = {"app.py": BROKEN_INIT}
        case Kind.HANGING:
            files = {"app.py": HANGING_INIT}
            values["Timeout"] = 1
        case Kind.SHELL:
            files = {"bootstrap": (SAMPLES / "hello-shell" / "bootstrap").read_bytes()}
            values["Runtime"] = "provided.al2023"
        case Kind.STREAM:
            files = {"bootstrap": STREAM}
            values["Runtime"] = "provided.al2023"
    client.create_function(
        FunctionName=function.name,
        Role=ROLE,
        Code={"ZipFile": zip_of(files, executable=("bootstrap",))},
        **values,
    )
    client.get_waiter("function_active_v2").wait(
        FunctionName=function.name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 400}
    )
