"""Starting and ending the processes of a run: free ports, output in a file, an end by process id."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import proc

_GRACE_S = 8.0


class StartError(Exception):
    """A server did not come up; the message carries the end of its output."""


def free_port() -> int:
    """Give a TCP port of the loopback address that nothing uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(slots=True)
class Server:
    """A started server; `ready_s` is spawn → first answered request."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    ready_s: float = 0.0

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self.process.pid

    @property
    def url(self) -> str:
        """The root address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def tail(self, size: int = 600) -> str:
        """Give the end of what the server printed."""
        return self.log.read_text(errors="replace")[-size:].strip()


def answers_http(port: int, path: str = "/") -> bool:
    """Say whether anything on the port answers an HTTP request, whatever the status."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def listens(port: int) -> bool:
    """Say whether something accepts connections on the port (for servers with no harmless path)."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@contextlib.contextmanager
def started(
    command: Sequence[str],
    *,
    port: int,
    log: Path,
    ready: Callable[[int], bool] = answers_http,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout_s: float = 60.0,
) -> Iterator[Server]:
    """Start a server in a session of its own, wait until it answers, end its whole tree afterwards.

    Raises:
        StartError: when it ends early or does not answer within `timeout_s`.
    """
    begin = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env) if env is not None else None,
            cwd=cwd,
            start_new_session=True,
        )
    server = Server(process, port, log)
    try:
        _await(server, ready, begin + timeout_s)
        server.ready_s = time.perf_counter() - begin
        yield server
    finally:
        end(process)


def _await(server: Server, ready: Callable[[int], bool], deadline: float) -> None:
    while not ready(server.port):
        if server.process.poll() is not None:
            raise StartError(f"ended with {server.process.returncode}: {server.tail()}")
        if time.perf_counter() > deadline:
            raise StartError(f"did not answer in time: {server.tail()}")
        time.sleep(0.002)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and everything it started: SIGTERM first, SIGKILL for what is left."""
    family = proc.tree(process.pid) if process.poll() is None else []
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_S)
    for pid in family[1:] if process.poll() is not None else family:
        if _is_ours(pid, process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_S)


def _is_ours(pid: int, leader: int) -> bool:
    """Guard against a reused process id: only the leader or members of its session are ended."""
    try:
        return pid == leader or os.getsid(pid) == leader
    except ProcessLookupError:
        return False
