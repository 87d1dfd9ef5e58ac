"""A lambdad server of one script: started, waited for, stopped with the script."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

READY_WITHIN_S = 30.0
STOP_WITHIN_S = 60.0


def free_port(wanted: int = 4566) -> int:
    """`wanted` or the next port nobody listens on."""
    for port in range(wanted, 65_536):
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                tried.bind(("127.0.0.1", port))
                return port
    raise SystemExit(f"no free port from {wanted} on")


@contextlib.contextmanager
def running(
    lambdad: Path, port: int, data_dir: str, options: Sequence[str] = (), log: IO[bytes] | None = None
) -> Iterator[str]:
    """Run ``lambdad serve`` while the block runs; gives the endpoint.

    Its own words go to `log`, without one to stderr.

    Raises:
        SystemExit: the server ended or did not become ready; its own words are on stderr.
    """
    endpoint = f"http://127.0.0.1:{port}"
    command = [str(lambdad), "serve", "--port", str(port), "--data-dir", data_dir, *options]
    # A session of its own: Ctrl-C reaches this script alone, which then stops the server once.
    process = subprocess.Popen(command, start_new_session=True, stdout=log, stderr=log)
    try:
        _wait_until_ready(process, endpoint)
        yield endpoint
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def run(lambdad: Path, endpoint: str, *arguments: str, cwd: Path | None = None) -> str:
    """Run one command of lambdad against `endpoint`; its stdout.

    Raises:
        SystemExit: it failed; its own words are on stderr.
    """
    environ = {**os.environ, "LAMBDAD_ENDPOINT": endpoint}
    ran = subprocess.run([str(lambdad), *arguments], env=environ, cwd=cwd, stdout=subprocess.PIPE, text=True)
    if ran.returncode:
        raise SystemExit(f"lambdad {' '.join(arguments)} failed\n{ran.stdout}")
    return ran.stdout


def status(endpoint: str) -> dict[str, object]:
    """What the server says about itself; empty while it does not answer."""
    with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
        with urllib.request.urlopen(f"{endpoint}/lambdad/v1/status", timeout=5) as answer:
            return json.load(answer)
    return {}


def _wait_until_ready(process: subprocess.Popen[bytes], endpoint: str) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while not status(endpoint):
        if process.poll() is not None:
            raise SystemExit(f"lambdad serve ended with status {process.returncode}")
        if time.monotonic() > deadline:
            raise SystemExit(f"lambdad serve was not ready within {READY_WITHIN_S:.0f} s")
        time.sleep(0.02)
