"""A Runtime API that plays a script to one runtime client and writes down what the client does.

It speaks just enough HTTP/1.1 for any client: over the inherited socket pair of lambdad's own
clients or over TCP on loopback for the official ones.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

FRAME_MARK = b"\xa5\x5a\x00"
GIVE_UP_S = 30.0


@dataclass(frozen=True)
class Event:
    """One event to hand out."""

    body: bytes
    request_id: str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> bytes:
        lines = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + 60_000),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:f",
            "Lambda-Runtime-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0",
            **self.headers,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"HTTP/1.1 200 OK\r\n{head}Content-Length: {len(self.body)}\r\n\r\n".encode() + self.body


@dataclass(frozen=True)
class Post:
    """What the client posted."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    trailers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Transcript:
    """Everything that was seen of one run.

    Attributes:
        posts: in order.
        output: the whole of the output pipe.
        exit_code: None when the client was still waiting for events at the end of the script.
        first_next_s: seconds from start to the first request for an event.
    """

    posts: list[Post] = field(default_factory=list)
    output: bytes = b""
    exit_code: int | None = None
    first_next_s: float | None = None
    sends: list[bytes] = field(default_factory=list)

    @property
    def records(self) -> list[tuple[int | None, str]]:
        """Log records in order: (frame type or None for plain output, text)."""
        found: list[tuple[int | None, str]] = []
        data = self.output
        while data:
            start = data.find(FRAME_MARK)
            plain = data if start < 0 else data[:start]
            found += [(None, line.decode()) for line in plain.splitlines(keepends=True)]
            if start < 0:
                break
            length = int.from_bytes(data[start + 4 : start + 8], "big")
            text = data[start + 16 : start + 16 + length]
            found.append((int.from_bytes(data[start : start + 4], "big"), text.decode()))
            data = data[start + 16 + length :]
        return found


class ScriptedRuntimeApi:
    """Hands out the events, then lets the client wait."""

    def __init__(
        self, events: Sequence[Event], status_of_post: int = 202, wait_for_posts_s: float = 0.0
    ) -> None:
        self._events = list(events)
        self._count = len(self._events)
        self._wait_for_posts_s = wait_for_posts_s
        self._status = status_of_post
        self._lock = threading.Lock()
        self.transcript = Transcript()
        self.drained = threading.Event()
        self.started_at = time.monotonic()

    def serve(self, connection: socket.socket) -> None:
        """Answer requests on one connection until it closes."""
        data = b""
        with contextlib.suppress(OSError):
            while True:
                while b"\r\n\r\n" not in data:
                    more = connection.recv(1 << 20)
                    if not more:
                        return
                    self.transcript.sends.append(more)
                    data += more
                head, _, data = data.partition(b"\r\n\r\n")
                request, *lines = head.decode("latin-1").split("\r\n")
                headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
                if headers.get("transfer-encoding") == "chunked":
                    body, trailers, data = _chunked(connection, data)
                else:
                    body, data = _sized(connection, data, int(headers.get("content-length", 0)))
                    trailers = {}
                answer = self._answer(request, headers, body, trailers)
                if answer is None:
                    self._await_posts()
                    self.drained.set()
                    continue
                connection.sendall(answer)

    def _await_posts(self) -> None:
        """A client that streams on one connection may ask on another before all is read of the first."""
        give_up = time.monotonic() + self._wait_for_posts_s
        while len(self.transcript.posts) < self._count and time.monotonic() < give_up:
            time.sleep(0.002)

    def _answer(
        self, request: str, headers: Mapping[str, str], body: bytes, trailers: Mapping[str, str]
    ) -> bytes | None:
        method, path, _ = request.split(" ")
        if method == "GET":
            with self._lock:
                if self.transcript.first_next_s is None:
                    self.transcript.first_next_s = time.monotonic() - self.started_at
                return self._events.pop(0).response() if self._events else None
        with self._lock:
            self.transcript.posts.append(Post(path, headers, body, trailers))
        reply = b'{"status":"OK"}'
        return b"HTTP/1.1 %d Whatever\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
            self._status,
            len(reply),
            reply,
        )


def _more(connection: socket.socket, data: bytes) -> bytes:
    """With what arrives next.

    Raises:
        ConnectionError: nothing will.
    """
    more = connection.recv(1 << 20)
    if not more:
        raise ConnectionError("the client is gone")
    return data + more


def _sized(connection: socket.socket, data: bytes, length: int) -> tuple[bytes, bytes]:
    while len(data) < length:
        data = _more(connection, data)
    return data[:length], data[length:]


def _chunked(connection: socket.socket, data: bytes) -> tuple[bytes, dict[str, str], bytes]:
    """A chunked body, its trailers, and what came behind them."""
    body = b""
    while True:
        while b"\r\n" not in data:
            data = _more(connection, data)
        line, _, data = data.partition(b"\r\n")
        size = int(line, 16)
        if not size:
            break
        part, data = _sized(connection, data, size + 2)
        assert part.endswith(b"\r\n")
        body += part[:-2]
    trailers: dict[str, str] = {}
    while True:
        while b"\r\n" not in data:
            data = _more(connection, data)
        line, _, data = data.partition(b"\r\n")
        if not line:
            return body, trailers, data
        name, _, value = line.decode("latin-1").partition(":")
        trailers[name.lower()] = value.strip()


def run(
    argv: Sequence[str],
    env: Mapping[str, str],
    cwd: Path,
    events: Sequence[Event],
    *,
    transport: str,
    framed: bool = True,
    status_of_post: int = 202,
    wait_for_posts_s: float = 0.0,
) -> Transcript:
    """Run a client against the script; returns once it waits for more, or has ended."""
    api = ScriptedRuntimeApi(events, status_of_post, wait_for_posts_s)
    full = {**env}
    output_read, output_write = os.pipe()
    actions: list[tuple[int, ...]] = []
    ours: socket.socket
    theirs: socket.socket | None = None
    if transport == "fd":
        ours, theirs = socket.socketpair()
        full |= {"_LAMBDAD_RUNTIME_FD": "4", "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9"}
        threading.Thread(target=api.serve, args=(ours,), daemon=True).start()
    else:
        ours = socket.create_server(("127.0.0.1", 0))
        full["AWS_LAMBDA_RUNTIME_API"] = f"127.0.0.1:{ours.getsockname()[1]}"
        threading.Thread(target=_accept, args=(ours, api), daemon=True).start()
    if framed:
        full["_LAMBDA_TELEMETRY_LOG_FD"] = "3"
    # Descriptors are first moved out of the way: 3 and 4 may be in use as sources.
    high_out = 200
    high_pair = 201
    actions.append((os.POSIX_SPAWN_DUP2, output_write, high_out))
    if theirs is not None:
        actions.append((os.POSIX_SPAWN_DUP2, theirs.fileno(), high_pair))
    actions += [(os.POSIX_SPAWN_DUP2, high_out, target) for target in (1, 2, 3)]
    if theirs is not None:
        actions += [(os.POSIX_SPAWN_DUP2, high_pair, 4), (os.POSIX_SPAWN_CLOSE, high_pair)]
    actions.append((os.POSIX_SPAWN_CLOSE, high_out))
    api.started_at = time.monotonic()
    pid = os.posix_spawn(
        "/usr/bin/env", ["env", "-C", str(cwd), *argv], full, file_actions=actions, setpgroup=0
    )
    os.close(output_write)
    if theirs is not None:
        theirs.close()
    try:
        _wait(api, pid, output_read)
    finally:
        os.close(output_read)
        with contextlib.suppress(OSError):
            ours.shutdown(socket.SHUT_RDWR)
        ours.close()
    return api.transcript


def _accept(listener: socket.socket, api: ScriptedRuntimeApi) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_serve_and_close, args=(api, connection), daemon=True).start()


def _serve_and_close(api: ScriptedRuntimeApi, connection: socket.socket) -> None:
    with connection:
        api.serve(connection)


def _wait(api: ScriptedRuntimeApi, pid: int, output: int) -> None:
    give_up = time.monotonic() + GIVE_UP_S
    chunks: list[bytes] = []
    ended = False
    while not (ended or api.drained.is_set()):
        if time.monotonic() > give_up:
            _end(pid)
            raise AssertionError(f"the client did not finish its script; it printed {b''.join(chunks)!r}")
        if select.select([output], [], [], 0.005)[0]:
            chunk = os.read(output, 1 << 20)
            chunks.append(chunk)
            ended = not chunk
    if ended:
        _, status = os.waitpid(pid, 0)
        api.transcript.exit_code = os.waitstatus_to_exitcode(status)
    else:
        _end(pid)
        chunks += _rest(output, give_up)
    api.transcript.output = b"".join(chunks)


def _rest(output: int, give_up: float) -> list[bytes]:
    """What was printed up to the end; somebody who outlives the client must not be waited for."""
    chunks: list[bytes] = []
    while time.monotonic() < give_up:
        if select.select([output], [], [], 0.05)[0]:
            chunk = os.read(output, 1 << 20)
            if not chunk:
                return chunks
            chunks.append(chunk)
    raise AssertionError(
        f"somebody still holds the output of a client that was killed; it printed {chunks!r}"
    )


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)  # with what it started: a shell leaves its curl behind
    os.waitpid(pid, 0)
