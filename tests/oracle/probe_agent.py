#!/usr/bin/python3
"""Plays one actor of a scenario: the runtime (started as `bootstrap`) or an extension (by its file name).

It runs unchanged inside AWS's emulator and inside lambdad, on the standard library alone, reads the
scenario beside the function's code and writes one `PROBE {…}` line per answer. Actors of one environment
meet through files in /tmp, which stays when processes are started again; that is also how an actor knows
how often it was started before.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
import time
from pathlib import Path

SHARED = Path("/tmp/probe")
NAME = Path(sys.argv[0]).name
ACTOR = "runtime" if NAME == "bootstrap" else NAME
SCENARIOS = ("/var/task/scenario.json", "/opt/scenario.json")
STEP_TIMEOUT_S = 20.0
BODY_SHOWN = 600
SHOWN_HEADERS = ("content-type", "lambda-", "allow", "connection", "trailer")


class Agent:
    """One life of one actor."""

    def __init__(self) -> None:
        SHARED.mkdir(exist_ok=True)
        lives = SHARED / f"lives-{ACTOR}"
        self.life = int(lives.read_text()) + 1 if lives.exists() else 1
        lives.write_text(str(self.life))
        host, _, port = os.environ["AWS_LAMBDA_RUNTIME_API"].rpartition(":")
        self.api = (host, int(port))
        self.parked: dict[str, socket.socket] = {}

    def play(self, lives: list[list[dict]]) -> None:
        """Do every step of this life; a life beyond the last repeats the last."""
        for step in lives[min(self.life, len(lives)) - 1] if lives else []:
            kind = next(iter(step))
            getattr(self, f"do_{kind}")(step)

    def say(self, step: str, **found: object) -> None:
        line = (
            "PROBE "
            + json.dumps({"actor": ACTOR, "life": self.life, "step": step, "at": time.monotonic(), **found})
            + "\n"
        )
        os.write(1, line.encode())

    def do_http(self, step: dict) -> None:
        """One request; `park` leaves its answer for `collect`."""
        method, path = step["send"].split(" ", 1)
        body = step.get("body", "").encode() if "size" not in step else b"x" * step["size"]
        headers = {"Host": "{}:{}".format(*self.api), **step.get("headers", {})}
        if method != "GET" and not any(
            one.lower() in ("content-length", "transfer-encoding") for one in headers
        ):
            headers["Content-Length"] = str(len(body))
        text = f"{method} {self.fill(path)} HTTP/1.1\r\n"
        text += "".join(f"{key}: {self.fill(value)}\r\n" for key, value in headers.items()) + "\r\n"
        self.ask(step["http"], text.encode() + self.fill(body.decode("latin-1")).encode("latin-1"), step)

    def do_raw(self, step: dict) -> None:
        """Bytes as they are; `close` ends the sending side behind them."""
        self.ask(step["raw"], self.fill(step["bytes"]).encode("latin-1"), step)

    def ask(self, label: str, data: bytes, step: dict) -> None:
        if b"/next" in data[:100]:
            self.say("asked")
        if step.get("park"):
            self.say(label, parked=True)  # Before it is sent: afterwards this process may be frozen.
        connection = socket.create_connection(self.api, timeout=STEP_TIMEOUT_S)
        try:
            connection.sendall(data)
            if step.get("close"):
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # It answered before it had read all: the answer is what we came for.
        if step.get("park"):
            self.parked[label] = connection
        else:
            self.report(label, connection, step.get("within", STEP_TIMEOUT_S))

    def do_collect(self, step: dict) -> None:
        self.report(step["collect"], self.parked.pop(step["collect"]), step.get("within", STEP_TIMEOUT_S))

    def report(self, label: str, connection: socket.socket, within: float) -> None:
        connection.settimeout(within)
        try:
            status, headers, body = read_answer(connection, head=label.startswith("HEAD "))
        except TimeoutError:
            self.parked[label] = connection  # Stays open: a closed one would be another story.
            self.say(label, blocks=True)
            return
        except OSError as error:
            self.say(label, broken=type(error).__name__)
            return
        if status == 0:
            self.say(label, closed=True)
            return
        self.remember(headers)
        shown = {key: value for key, value in headers.items() if key.startswith(SHOWN_HEADERS)}
        text = body.decode("latin-1")
        if len(text) > BODY_SHOWN:
            text = text[:40] + f"…{len(body)} bytes"
        self.say(label, status=status, headers=shown, body=text)

    def remember(self, headers: dict[str, str]) -> None:
        for header, kind in (("lambda-runtime-aws-request-id", "id"), ("lambda-extension-identifier", "ext")):
            if header in headers:
                (SHARED / f"{kind}-{ACTOR}").write_text(headers[header])
                first = SHARED / f"{kind}-{ACTOR}-first"
                if not first.exists():
                    first.write_text(headers[header])

    def fill(self, text: str) -> str:
        """`{id}` is the newest request id, `{id:first}` the first one, `{ext}` the own identifier, …"""

        def known(match: re.Match) -> str:
            if match[1] == "name":
                return ACTOR
            kind, _, more = match[1].partition(":")
            owner = "runtime" if kind == "id" else ACTOR
            name = f"{kind}-{owner}-first" if more == "first" else f"{kind}-{more or owner}"
            return (SHARED / name).read_text()

        return re.sub(r"\{(name|(?:id|ext)(?::[a-z0-9.-]+)?)\}", known, text)

    def do_touch(self, step: dict) -> None:
        (SHARED / step["touch"]).touch()

    def do_wait(self, step: dict) -> None:
        end = time.monotonic() + STEP_TIMEOUT_S
        while not (SHARED / step["wait"]).exists():
            if time.monotonic() > end:
                self.say(f"wait {step['wait']}", waited_in_vain=True)
                return
            time.sleep(0.005)

    def do_trap(self, step: dict) -> None:
        """Say that the signal came; then go on (`ignore`) or end with 0."""

        def came(number: int, _frame: object) -> None:
            self.say("signal", signal=signal.Signals(number).name)
            if not step.get("ignore"):
                os._exit(0)

        signal.signal(getattr(signal, step["trap"]), came)

    def do_exit(self, step: dict) -> None:
        self.say("exit", code=step["exit"])
        os._exit(step["exit"])

    def do_kill(self, step: dict) -> None:
        self.say("kill", signal=step["kill"])
        os.kill(os.getpid(), getattr(signal, step["kill"]))

    def do_print(self, step: dict) -> None:
        os.write(1, step["print"].encode())

    def do_pause(self, step: dict) -> None:
        time.sleep(step["pause"])

    def do_show_environment(self, _step: dict) -> None:
        """The names alone, and where the process is."""
        self.say("environment", names=sorted(os.environ), cwd=str(Path.cwd()), argv0=sys.argv[0])

    def do_hang(self, _step: dict) -> None:
        while True:
            time.sleep(3600)


def read_answer(connection: socket.socket, *, head: bool = False) -> tuple[int, dict[str, str], bytes]:
    """Status (0: closed without an answer), headers in lower case, body; 1xx answers are passed over."""
    stream = connection.makefile("rb")
    while True:
        line = stream.readline()
        if not line:
            return 0, {}, b""
        status = int(line.split()[1])
        headers: dict[str, str] = {}
        while line := stream.readline().strip():
            key, _, value = line.decode("latin-1").partition(":")
            headers[key.lower()] = value.strip()
        if status >= 200:
            break
    if head:
        return status, headers, b""
    if "chunked" in headers.get("transfer-encoding", ""):
        body = b""
        while size := int(stream.readline().split(b";")[0] or b"0", 16):
            body += stream.read(size)
            stream.readline()
        return status, headers, body
    if "content-length" in headers:
        return status, headers, stream.read(int(headers["content-length"]))
    return status, headers, b"" if status == 204 else stream.read()


if __name__ == "__main__":
    found = next(one for one in map(Path, SCENARIOS) if one.exists())
    Agent().play(json.loads(found.read_text())["lives"].get(ACTOR, []))
