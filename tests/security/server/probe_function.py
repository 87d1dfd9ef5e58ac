"""A function that does what its event says, and short ways to ask it and the server."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from pathlib import Path
from typing import Any

from lambdad.worker.sandbox.factory import data_id
from tests.running import Server

SOURCE = """
import json, os, pathlib, socket, subprocess, sys, time
def reach(address):
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
    except OSError as error:
        return type(error).__name__
    return "reached"
def read(path):
    try:
        return pathlib.Path(path).read_text(errors="replace")
    except OSError as error:
        return type(error).__name__
def daemon(mark):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv("/bin/sleep", ["sleep", mark])
        os._exit(0)
    os.wait()
def handler(event, context):
    print("asked for", sorted(event))
    answer = {}
    if "daemon" in event:
        daemon(event["daemon"])
    if "child" in event:
        subprocess.Popen(["sleep", event["child"]])
    if "sleep" in event:
        time.sleep(event["sleep"])
    if "exit" in event:
        os._exit(event["exit"])
    if "shell" in event:
        answer["shell"] = subprocess.run(
            event["shell"], shell=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
    if "read" in event:
        answer["read"] = {path: read(path) for path in event["read"]}
    if "reach" in event:
        answer["reach"] = {address: reach(address) for address in event["reach"]}
    if "environ" in event:
        answer["environ"] = dict(os.environ)
        answer["path"] = sys.path
        answer["cwd"] = os.getcwd()
    return answer
"""


def function(server: Server, **parameters: Any) -> str:
    """A function of `SOURCE`, ready to be asked."""
    return server.function({"app.py": SOURCE, "data.txt": "of the function"}, **parameters)


def ask(server: Server, name: str, **event: object) -> Any:
    """What the function answers; its error when it has one."""
    answer = server.client().invoke(FunctionName=name, Payload=json.dumps(event).encode())
    return json.loads(answer["Payload"].read())


def own(server: Server, operation: str) -> Any:
    """A document of lambdad's own API."""
    with urllib.request.urlopen(f"{server.url}/{operation}", timeout=10) as answer:
        return json.load(answer)


def marked(*marks: str) -> list[str]:
    """Processes of this host, our own apart, that name one of `marks` in their arguments."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (entry / "cmdline").read_text(errors="replace")
        except OSError:
            continue
        if int(entry.name) != os.getpid() and any(mark in arguments for mark in marks):
            found.append(f"{entry.name}: {arguments}")
    return found


def left(server: Server, *marks: str, within_s: float = 20.0) -> list[str]:
    """Processes of a server (or with `marks`) that are still there after the time to go."""
    data_dir = Path(server.data_dir)
    return gone(str(data_dir), data_id(data_dir), *marks, within_s=within_s)


def gone(*marks: str, within_s: float = 20.0) -> list[str]:
    """Processes with `marks` that are still there after the time to go."""
    deadline = time.monotonic() + within_s
    while (found := marked(*marks)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def wait_for(mark: str, number: int, within_s: float = 20.0) -> list[str]:
    """Processes named by `mark`, once there are so many."""
    deadline = time.monotonic() + within_s
    while len(found := marked(mark)) < number and time.monotonic() < deadline:
        time.sleep(0.05)
    return found
