"""A real `lambdad serve` as a child process, and boto3 clients of it."""

from __future__ import annotations

import io
import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import boto3
from botocore.config import Config

from tests import warm

READY_WITHIN_S = 110.0  # a test has 120: what is slower ends with its log, not without a word
ENTRY = "lambdad.cli.entry"
ROOT = Path(__file__).parent.parent
ROLE = "arn:aws:iam::000000000000:role/lambda-role"


def zip_of(files: dict[str, str | bytes], *, executable: tuple[str, ...] = ()) -> bytes:
    """A zip file of the given contents."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o755 if name in executable else 0o644) << 16
            archive.writestr(info, content)
    return buffer.getvalue()


class Process(Protocol):
    """What is needed of the process of a server; `subprocess.Popen` has it."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, number: int, /) -> None: ...

    def kill(self) -> None: ...


Launch = Callable[[Sequence[str], Mapping[str, str], Path], Process]
"""Starts `lambdad` with arguments and an environment; what it says goes to a file."""


@dataclass
class Server:
    """A running server."""

    process: Process
    port: int
    data_dir: Path | str
    log_path: Path
    arguments: list[str]
    scheme: str = "http"
    clients: dict[tuple[str, str, str], Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self.log_path.read_text("utf-8", "replace")

    def client(self, service: str = "lambda", account: str = "test", region: str = "us-east-1") -> Any:
        key = (service, account, region)
        if key not in self.clients:
            self.clients[key] = boto3.client(
                service,
                endpoint_url=self.url,
                region_name=region,
                aws_access_key_id=account,
                aws_secret_access_key="secret",
                config=Config(retries={"max_attempts": 1}, read_timeout=60, max_pool_connections=50),
            )
        return self.clients[key]

    def client_of(self, key: Mapping[str, str], service: str, region: str = "us-east-1") -> Any:
        """A client with an access key as `CreateAccessKey` gives it."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )

    def function(self, files: dict[str, str | bytes] | bytes, **parameters: Any) -> str:
        """Create a function, wait until it is active, return its name."""
        client = self.client()
        name = parameters.pop("FunctionName", f"f-{uuid.uuid4().hex[:12]}")
        executable = tuple(parameters.pop("executable", ("bootstrap",)))
        archive = files if isinstance(files, bytes) else zip_of(files, executable=executable)
        values = {
            "Runtime": "python3.11",
            "Handler": "app.handler",
            "Role": ROLE,
            "Timeout": 20,
            "MemorySize": 512,
            "Code": {"ZipFile": archive},
            **parameters,
        }
        client.create_function(FunctionName=name, **values)
        client.get_waiter("function_active_v2").wait(
            FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
        )
        return name

    def messages(self, name: str, *, until: str | None = None, within_s: float = 5.0) -> list[str]:
        """Everything a function logged; with `until`, once that text is there."""
        deadline = time.monotonic() + within_s
        while True:
            try:
                pages = (
                    self.client("logs")
                    .get_paginator("filter_log_events")
                    .paginate(logGroupName=f"/aws/lambda/{name}")
                )
                found = [event["message"] for page in pages for event in page["events"]]
            except self.client("logs").exceptions.ResourceNotFoundException:
                found = []
            if until is None or any(until in message for message in found) or time.monotonic() > deadline:
                return found
            time.sleep(0.05)

    def stop(self, within_s: float = 20.0) -> int:
        """SIGTERM, and SIGKILL when that does not help; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    def again(self) -> Server:
        """Start another server on the same data directory."""
        return start_server(self.data_dir, *self.arguments)


def _command(front: Sequence[str]) -> Launch:
    """A process of its own for a command, of which these are the first words."""

    def launch(arguments: Sequence[str], env: Mapping[str, str], log_path: Path) -> Process:
        with log_path.open("wb") as log:
            return subprocess.Popen(
                [*front, *arguments], stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=dict(env)
            )

    return launch


as_command: Launch = _command((sys.executable, "-m", ENTRY))
"""Starts `lambdad` as a user does."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_server(
    data_dir: Path | str,
    *arguments: str,
    env: dict[str, str] | None = None,
    scheme: str = "http",
    within: tuple[str, ...] = (),
    module: str = ENTRY,
    launch: Launch | None = None,
) -> Server:
    """Start `lambdad serve` (out of `module`) on a free port and wait for its ready line.

    `within` is a command that ends by executing the one it is given. Where nothing is said of how, the server is
    forked from a process that has imported it, which takes half of a start; `as_command` is the whole of it.

    Raises:
        AssertionError: it did not become ready; with its log.
    """
    parent = Path(data_dir).parent if str(data_dir) != ":memory:" else Path(os.environ.get("TMPDIR", "/tmp"))
    log_path = parent / f"server-{uuid.uuid4().hex[:8]}.log"
    log_path.touch()
    environ = {**os.environ, "LAMBDAD_COMPANION_DIR": str(ROOT / ".cache"), **(env or {})}
    words = ["serve", "--port", "0", "--data-dir", str(data_dir), *arguments]
    is_plain = not within and module == ENTRY and not any(name.startswith("PYTHON") for name in env or {})
    start = launch or (warm.launch if is_plain else _command((*within, sys.executable, "-m", module)))
    process = start(words, environ, log_path)
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        ready = re.search(r"is ready on https?://[^:]+:(\d+)", log_path.read_text("utf-8", "replace"))
        if ready:
            return Server(process, int(ready.group(1)), data_dir, log_path, list(arguments), scheme)
        if process.poll() is not None:
            break
        time.sleep(0.02)
    process.kill()
    process.wait()
    raise AssertionError(f"the server did not become ready:\n{log_path.read_text('utf-8', 'replace')}")
