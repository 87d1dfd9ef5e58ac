"""A server of a test suite's own: started in a moment, gone with the suite.

It keeps nothing (``--data-dir :memory:``), listens on a free port of the loopback interface, and reads
neither `lambdad.toml` nor ``LAMBDAD_`` variables, so that a suite is the same on every machine.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import IO, Any, Final, Self

from lambdad.domain.scope import DEFAULT_ACCOUNT
from lambdad.storage.data_dir import remove_abandoned
from lambdad.testing.account import Account, DeployedFunction

READY_WITHIN_S: Final = 30.0
"""0.4 s is usual."""
_END_WITHIN_S: Final = 15.0
"""Then it is killed; 0.1 s is usual."""
_ALONE: Final = ("--config", os.devnull, "--data-dir", ":memory:", "--host", "127.0.0.1")


class NotReady(Exception):
    """The server ended instead of answering, or took too long; with its log."""


class LambdadServer:
    """A running server; what it is asked for without naming an account is the default account's.

    Args:
        options: of `lambdad serve`.

    Attributes:
        port: where it listens; stays the same over `reset`.

    Raises:
        NotReady: it did not come up.
    """

    def __init__(self, options: Sequence[str] = ()) -> None:
        self._options = tuple(options)
        self.port = 0
        self._last_log = ""
        self._begin()

    def _begin(self) -> None:
        # Without a name it cannot be left behind, whoever is killed.
        self._log_file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `stop`
        self._channel, theirs = socket.socketpair()
        own = ("--port", str(self.port), *_ALONE)
        with theirs:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(
                [sys.executable, "-P", "-m", "lambdad.testing.child", *own, *self._options],
                stdin=theirs.fileno(),
                stdout=self._log_file,
                stderr=self._log_file,
                env={name: value for name, value in os.environ.items() if not name.startswith("LAMBDAD_")},
                start_new_session=True,  # Ctrl-C is for the test runner, which then ends the server
            )
        try:
            self.port = self._hear_port()
        except BaseException:
            self.stop()
            raise

    def _hear_port(self) -> int:
        deadline = time.monotonic() + READY_WITHIN_S
        heard = b""
        while not heard.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._channel], [], [], left)[0]:
                raise NotReady(f"lambdad did not answer within {READY_WITHIN_S:.0f} s:\n{self.log}")
            piece = self._channel.recv(16)
            if not piece:
                raise NotReady(f"lambdad ended with status {self._process.wait()}:\n{self.log}")
            heard += piece
        return int(heard)

    @property
    def endpoint_url(self) -> str:
        """Where it answers, as `endpoint_url` of boto3 and ``AWS_ENDPOINT_URL`` of every AWS tool."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self._process.pid

    @property
    def log(self) -> str:
        """What the server itself has printed since it was started or reset."""
        if self._log_file.closed:
            return self._last_log
        size = os.fstat(self._log_file.fileno()).st_size
        return os.pread(self._log_file.fileno(), size, 0).decode("utf-8", "replace")

    def account(self, number: str = DEFAULT_ACCOUNT, region: str = "us-east-1") -> Account:
        """An account in a region: what is in one is not seen in another.

        Args:
            number: twelve digits.
            region: any of AWS's.
        """
        return Account(self.endpoint_url, number, region)

    def client(self, service: str = "lambda", **parameters: Any) -> Any:
        """As `Account.client`, of the default account."""
        return self.account().client(service, **parameters)

    def deploy(self, *source: Any, **wishes: Any) -> DeployedFunction:
        """As `Account.deploy`, in the default account."""
        return self.account().deploy(*source, **wishes)

    def reset(self) -> None:
        """Forget everything: another server takes its place at the same port.

        Raises:
            NotReady: it did not come up.
        """
        self.stop()
        self._begin()

    def stop(self) -> None:
        """End the server with all its functions, and remove what it kept; twice is once."""
        self._channel.close()
        try:
            status = self._process.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self._last_log = self.log
        self._log_file.close()
        if status:
            remove_abandoned()

    def __enter__(self) -> Self:
        """Itself; leaving stops it."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop it."""
        self.stop()


@contextlib.contextmanager
def start(options: Sequence[str] = ()) -> Iterator[LambdadServer]:
    """A server for the length of a block.

    Args:
        options: of `lambdad serve`, such as ``["--no-pools"]``.

    Raises:
        NotReady: it did not come up.
    """
    with LambdadServer(options) as server:
        yield server
